//! Whoever is asked for what is not HTTP: credentials, passcodes, pages to show.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keepstone_core::{Credential, Inquiry, KeyringId, Question, Reply, Secret};

pub(crate) type Supplier = Arc<dyn Fn(bool) -> Result<Credential, String> + Send + Sync>;
pub(crate) type Answerer = Arc<dyn Fn(&Inquiry) -> Result<Secret, String> + Send + Sync>;

/// The functions that users gave, for each identity.
#[derive(Default)]
pub(crate) struct Consultants(Mutex<HashMap<KeyringId, Consultant>>);

#[derive(Clone)]
pub(crate) enum Consultant {
    Supplier(Supplier),
    Answerer(Answerer),
}

impl Consultants {
    pub(crate) fn set(&self, keyring: KeyringId, consultant: Consultant) {
        self.lock().insert(keyring, consultant);
    }

    pub(crate) fn forget(&self, keyring: KeyringId) {
        let consultant = self.lock().remove(&keyring);
        // Not under the lock: it may own an identity, which is then forgotten too.
        drop(consultant);
    }

    /// Finds out what core asks for, with no lock held.
    pub(crate) fn ask(&self, question: &Question) -> Reply {
        let of = |keyring| self.lock().get(keyring).cloned();
        match question {
            Question::Credential { keyring, refused } => Reply::Credential(match of(keyring) {
                Some(Consultant::Supplier(supplier)) => supplier(*refused).map(Box::new),
                _ => Err("nobody supplies it".to_owned()),
            }),
            Question::Inquiry { keyring, inquiry } => Reply::Answer(match of(keyring) {
                Some(Consultant::Answerer(answerer)) => answerer(inquiry),
                _ => Err("nobody answers for this identity".to_owned()),
            }),
            _ => Reply::Answer(Err("this transport cannot answer that".to_owned())),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<KeyringId, Consultant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
