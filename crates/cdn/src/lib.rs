//! Other people's CDNs: what to tell them, in whose words, and what they answered.
//!
//! [`plan_calls`] turns wishes into calls by what a vendor can do; it is pure, like everything that a vendor's file says.
//! A [`Driver`] sends a call. [`fake`] has the vendors' APIs as strict as they are documented, for tests and rehearsals.

mod answer;
mod call;
mod capabilities;
mod collapse;
mod driver;
mod edgegrid;
mod error;
pub mod fake;
mod hmac_sha256;
mod name;
mod oauth;
mod patience;
mod planning;
mod service_account;
mod settings;
mod sigv4;
mod vendor;
mod wish;
mod xml;

pub use answer::Answer;
pub use call::{Call, Targets};
pub use capabilities::{Batch, Capabilities, Completion, Rate};
pub use driver::Driver;
pub use error::{CallError, Next};
pub use name::{NotAVendor, OwnSetting, SettingKind, VendorName};
pub use oauth::Token;
pub use patience::{Bucket, back_off};
pub use planning::{Plan, Refusal, Terms, plan_calls};
pub use settings::{SettingsError, VendorSettings};
pub use vendor::{Accepted, Context, Vendor};
pub use wish::{Address, Place, Scope, Wish};
