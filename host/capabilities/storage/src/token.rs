//! Tokens: a view as a few bytes that somebody else can keep and hand back later.
//!
//! Must not live here: what a token is kept for. Invariant: a token opens the very state that it was taken of,
//! or is refused; it gives no access that its holder did not have, since it names an asset's own tree.

use crate::{
    error::{Error, Result},
    store::AssetStore,
    tree::NodeRef,
    view::View,
};
use kamld_types::AssetId;

impl View {
    /// Names the state of this view. Equal tokens mean equal states; empty when there are no objects.
    pub fn token(&self) -> Vec<u8> {
        self.tree().map(|tree| serde_json::to_vec(tree).unwrap_or_default()).unwrap_or_default()
    }
}

impl AssetStore {
    /// The view that a token was taken of. `not-found` when it cannot be one of this store.
    pub async fn view_of_token(&self, asset: &AssetId, token: &[u8]) -> Result<View> {
        let now = self.view(asset, None).await?;
        if token.is_empty() {
            return Ok(now.with_tree(None));
        }
        let tree: NodeRef =
            serde_json::from_slice(token).map_err(|_| Error::not_found("this state is not known here"))?;
        Ok(now.with_tree(Some(tree)))
    }
}
