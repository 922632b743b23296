//! Stored responses: memory tier, disk tier, sweeper.
