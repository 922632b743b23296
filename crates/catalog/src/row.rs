//! Rows as structs: each field is the column of its name.

macro_rules! row {
    ($visibility:vis struct $name:ident { $($field:ident: $kind:ty,)* }) => {
        $visibility struct $name {
            $($field: $kind,)*
        }

        impl<'r> sqlx::FromRow<'r, sqlx::any::AnyRow> for $name {
            fn from_row(row: &'r sqlx::any::AnyRow) -> Result<Self, sqlx::Error> {
                Ok(Self { $($field: sqlx::Row::try_get(row, stringify!($field))?,)* })
            }
        }
    };
}

pub(crate) use row;
