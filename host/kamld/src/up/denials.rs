//! Denied host calls go to the audit log.

use kamld_policy::{Call, Verb, call::Denials};
use kamld_registry::Audit;
use std::sync::Arc;

pub struct AuditedDenials(pub Arc<Audit>);

impl Denials for AuditedDenials {
    fn denied(&self, call: &Call, interface: &str, verb: Verb, resource: &str, reason: &str) {
        self.0.deny(&call.person.id, &call.plugin, interface, verb, resource, reason);
    }
}
