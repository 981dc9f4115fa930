//! Open handles, and the clients that use them.

use std::collections::{BTreeMap, BTreeSet};

use crate::ClientId;

/// The handles of one kind, by number.
#[derive(Debug)]
pub(super) struct Handles<D>(BTreeMap<u32, Handle<D>>);

#[derive(Debug)]
pub(super) struct Handle<D> {
    pub(super) device: D,
    /// The client that opened the handle.
    pub(super) owner: ClientId,
    /// The clients that opened or used the handle, and are still connected.
    users: BTreeSet<ClientId>,
}

impl<D> Handle<D> {
    /// Returns whether a connected client uses the handle.
    pub(super) fn is_used(&self) -> bool {
        !self.users.is_empty()
    }
}

impl<D> Default for Handles<D> {
    fn default() -> Self {
        Handles(BTreeMap::new())
    }
}

impl<D> Handles<D> {
    /// Returns the lowest free number below `most`.
    pub(super) fn free(&self, most: u32) -> Option<u32> {
        (0..most).find(|number| !self.0.contains_key(number))
    }

    /// Returns the first number that no connected client uses.
    pub(super) fn left(&self) -> Option<u32> {
        self.0.iter().find(|(_, handle)| !handle.is_used()).map(|(number, _)| *number)
    }

    pub(super) fn contains(&self, number: u32) -> bool {
        self.0.contains_key(&number)
    }

    pub(super) fn insert(&mut self, number: u32, device: D, owner: ClientId) {
        self.0.insert(number, Handle { device, owner, users: BTreeSet::from([owner]) });
    }

    /// Returns a device that a client uses from now on.
    pub(super) fn used_by(&mut self, number: u32, client: ClientId) -> Option<&D> {
        let handle = self.0.get_mut(&number)?;
        handle.users.insert(client);
        Some(&handle.device)
    }

    pub(super) fn remove(&mut self, number: u32) -> Option<D> {
        self.0.remove(&number).map(|handle| handle.device)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Handle<D>> {
        self.0.values()
    }

    /// Removes a client that is gone from the users.
    pub(super) fn forget(&mut self, client: ClientId) {
        for handle in self.0.values_mut() {
            handle.users.remove(&client);
        }
    }

    /// Removes some handles.
    pub(super) fn take_if(&mut self, is_meant: impl Fn(&Handle<D>) -> bool) -> Vec<D> {
        let meant = self.0.iter().filter(|(_, handle)| is_meant(handle)).map(|(number, _)| *number);
        let meant: Vec<u32> = meant.collect();
        meant.into_iter().filter_map(|number| self.remove(number)).collect()
    }
}
