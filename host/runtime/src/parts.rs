//! State that capabilities keep for one call, found by its type.
//!
//! Lives here: a small map from type to value. Invariant: one value a type.

use std::any::{Any, TypeId, type_name};

/// Filled by each `Linkage::open` when a call begins, dropped with the call.
#[derive(Default)]
pub struct Parts(Vec<(TypeId, Box<dyn Any + Send>)>);

impl Parts {
    /// Puts a value in, in place of an earlier one of its type.
    pub fn insert<T: Send + 'static>(&mut self, value: T) {
        let key = TypeId::of::<T>();
        self.0.retain(|(other, _)| *other != key);
        self.0.push((key, Box::new(value)));
    }

    pub fn get<T: 'static>(&self) -> Option<&T> {
        // A handful of capabilities: a search in order is faster than a hash.
        let (_, value) = self.0.iter().find(|(key, _)| *key == TypeId::of::<T>())?;
        value.downcast_ref()
    }

    pub fn get_mut<T: 'static>(&mut self) -> Option<&mut T> {
        let (_, value) = self.0.iter_mut().find(|(key, _)| *key == TypeId::of::<T>())?;
        value.downcast_mut()
    }

    /// # Panics
    /// When no `Linkage::open` put it in: a fault of the host, which ends this one call.
    pub fn of<T: 'static>(&self) -> &T {
        self.get().unwrap_or_else(|| panic!("no capability put a {} into the call", type_name::<T>()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_found_by_its_type_and_the_last_one_counts() {
        let mut parts = Parts::default();
        parts.insert(1u32);
        parts.insert("text");
        parts.insert(2u32);
        assert_eq!((parts.get::<u32>(), parts.get::<&str>(), parts.get::<u64>()), (Some(&2), Some(&"text"), None));
    }
}
