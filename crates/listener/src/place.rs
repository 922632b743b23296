//! Places for connections: so many in all, and so many for each client.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The bits of an IPv6 address that name a network; the other 64 its hosts choose freely (RFC 7421).
const NETWORK_BITS: u32 = 64;

/// How many connections may be open at the same time.
#[derive(Debug)]
pub struct Places {
    all: usize,
    per_client: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    /// No entry without a connection, so that this is bounded like them.
    by_client: HashMap<IpAddr, usize>,
}

/// One connection's place; free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    client: Option<IpAddr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoPlace {
    #[error("as many connections are open as may be")]
    ForAnyone,
    #[error("you have as many connections open as a client may have")]
    ForClient,
}

impl Places {
    /// A client is an IPv4 address, or the /64 from which one IPv6 host can choose its addresses.
    pub fn new(all: usize, per_client: usize) -> Arc<Self> {
        Arc::new(Self { all, per_client, taken: Mutex::default() })
    }

    pub(crate) fn take(self: &Arc<Self>) -> Result<Place, NoPlace> {
        let mut taken = self.taken();
        if taken.all == self.all {
            return Err(NoPlace::ForAnyone);
        }
        taken.all += 1;
        Ok(Place { places: Arc::clone(self), client: None })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Once it is known whose connection this is, which a proxy may have to say first.
    pub(crate) fn belongs_to(&mut self, client: IpAddr) -> Result<(), NoPlace> {
        let client = one_client(client);
        let mut taken = self.places.taken();
        let count = taken.by_client.entry(client).or_default();
        if *count == self.places.per_client {
            return Err(NoPlace::ForClient);
        }
        *count += 1;
        drop(taken);
        self.client = Some(client);
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.all -= 1;
        let Some(client) = self.client else { return };
        if let Some(count) = taken.by_client.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                taken.by_client.remove(&client);
            }
        }
    }
}

fn one_client(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let network = address.to_bits() >> NETWORK_BITS << NETWORK_BITS;
            Ipv6Addr::from_bits(network).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(places: &Arc<Places>, client: &str) -> Result<Place, NoPlace> {
        let mut place = places.take()?;
        place.belongs_to(client.parse().unwrap())?;
        Ok(place)
    }

    #[test]
    fn a_client_gets_its_share_and_no_more() {
        let places = Places::new(4, 2);
        let first = take(&places, "192.0.2.1").unwrap();
        let second = take(&places, "192.0.2.1").unwrap();
        assert_eq!(take(&places, "192.0.2.1").unwrap_err(), NoPlace::ForClient);
        let third = take(&places, "192.0.2.2").unwrap();
        let unknown = places.take().unwrap();
        assert_eq!(take(&places, "192.0.2.3").unwrap_err(), NoPlace::ForAnyone);

        drop(first);
        let again = take(&places, "192.0.2.1").unwrap();
        drop((again, second, third, unknown));
        let taken = places.taken();
        assert_eq!((taken.all, taken.by_client.len()), (0, 0));
    }

    #[test]
    fn the_addresses_that_one_host_can_give_itself_are_one_client() {
        for (one, other, same) in [
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::1", true),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
            ("192.0.2.1", "192.0.2.2", false),
        ] {
            let [one, other] = [one, other].map(|address| one_client(address.parse().unwrap()));
            assert_eq!(one == other, same);
        }
    }
}
