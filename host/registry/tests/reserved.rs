//! Ids of the product: which packages may carry them.

use kamld_registry::{Origin, Reserved};
use kamld_types::{Hash, Kind, PluginId};

fn id(text: &str) -> PluginId {
    PluginId::new(text).unwrap()
}

#[test]
fn only_the_shipped_digest_carries_an_id_of_the_product() {
    let (ours, other) = (Hash([1; 32]), Hash([2; 32]));
    let reserved = Reserved::new(["house"], [(id("house/search"), ours), (id("partner/tool"), ours)]);
    assert!(reserved.admit(&id("house/search"), &ours).is_ok());
    for taken in ["house/search", "partner/tool", "house/search2", "house/none"] {
        assert_eq!(reserved.admit(&id(taken), &other).unwrap_err().kind, Kind::Denied, "{taken}");
    }
    for free in ["partner/other", "houses/search", "my/house"] {
        assert!(reserved.admit(&id(free), &other).is_ok(), "{free}");
    }
    assert_eq!(reserved.origin(&id("partner/tool"), &ours), Origin::Shipped);
    assert_eq!(reserved.origin(&id("partner/tool"), &other), Origin::File);
}
