//! Days as dates.

/// Year, month and day of a day since 1970. Years are counted from March, so that the leap day is the last of its year,
/// and in cycles of 400 years, which all have the same days.
pub fn civil(day: u64) -> (u64, u64, u64) {
    const CYCLE: u64 = 146_097;
    // From the first of March of the year 0.
    let day = day.saturating_add(719_468);
    let of_cycle = day % CYCLE;
    let year_of_cycle = (of_cycle - of_cycle / 1460 + of_cycle / 36_524 - of_cycle / 146_096) / 365;
    let of_year = of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let from_march = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (day / CYCLE * 400 + year_of_cycle + u64::from(month <= 2), month, of_month)
}
