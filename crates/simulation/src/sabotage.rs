//! The teeth: one switch for each rule, which breaks it where it is applied.
//!
//! A checker that cannot fail proves nothing. With any of these switched on, the simulation must find a violation
//! within a bounded number of seeds.

macro_rules! sabotages {
    ($($name:ident = $text:literal, $what:literal;)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Sabotage {
            $(#[doc = $what] $name,)*
        }

        impl Sabotage {
            pub const ALL: &[Sabotage] = &[$(Sabotage::$name,)*];

            /// As the command line spells it.
            pub fn name(self) -> &'static str {
                match self { $(Sabotage::$name => $text,)* }
            }

            pub fn what(self) -> &'static str {
                match self { $(Sabotage::$name => $what,)* }
            }
        }
    };
}

sabotages! {
    AsOfAtFillEnd = "as-of-at-fill-end", "a fill is stamped with what is applied when it lands";
    NoMinPosition = "no-min-position", "an upstream answers from behind, and is believed";
    NoArrivalCheck = "no-arrival-check", "what a fill brings is stored and answers unjudged";
    JoinersShareOldFills = "joiners-share-old-fills", "whoever waits gets what is good for the first who came";
    JoinWithoutLease = "join-without-lease", "a request may wait for an older fill though the node has no lease";
    LeaseFromReceipt = "lease-from-receipt", "the node counts its lease from when the grant came";
    NoLease = "no-lease", "a node that is cut off goes on answering";
    LeaseClockSleeps = "lease-clock-sleeps", "the lease is counted on a clock that stops in suspension";
    LeaseBookedLate = "lease-booked-late", "a new lease is booked after the log's head was read for its answer";
    LeasesForgotten = "leases-forgotten", "a restarted authority waits for nobody it knew";
    AckBeforeApply = "ack-before-apply", "a node acknowledges what it has received and not yet applied";
    AckBeforeErased = "ack-before-erased", "a node acknowledges an erasure whose bytes are still there";
    RestartForgetsFences = "restart-forgets-fences", "a restarted node knows its position and not its fences";
    FloorIgnored = "floor-ignored", "what is older than the floor answers";
    SoftIgnored = "soft-ignored", "what is softly fenced counts as usable";
    StaleAnswersNodes = "stale-answers-nodes", "what is softly fenced answers another node";
    GapsIgnored = "gaps-ignored", "records that never came are counted as applied";
    DependencyTagsDropped = "dependency-tags-dropped", "a composite carries only its own original's tags";
    FolderTagsDropped = "folder-tags-dropped", "a response carries only the innermost folder";
    RecordBeforeState = "record-before-state", "the record is appended before the change can be read";
    WipeSkipped = "wipe-skipped", "erasures that were trimmed unseen are not made up for";
    StaleBeforeContact = "stale-before-contact", "a restarted node serves stale before the authority knows it does";
    TombstonesIgnored = "tombstones-ignored", "a renderer fetches what was erased";
    LivingForgotten = "living-forgotten", "a node is declared gone though its lease is live";
    ReturnsAsItWas = "returns-as-it-was", "a node that was declared gone comes back with what it had stored";
    StaleUndeclared = "stale-undeclared", "a node serves stale and does not tell the authority";
}

impl Sabotage {
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|sabotage| sabotage.name() == name)
    }
}
