//! Many small objects in one request: a tar archive becomes one atomic, durable batch.
//!
//! Lives here: the request. Must not live here: reading archives (`tar_entries`), storage.
//! Invariant: nothing is written unless every entry is in order.

use super::{objects::branch, tar_entries};
use crate::{
    Identity, Server, body,
    refusal::{Answer, Refusal},
};
use axum::{
    Extension, Json,
    extract::{Path, Request, State},
    response::IntoResponse,
};
use http::StatusCode;
use kamld_types::{Address, Problem, Right};

pub async fn put(
    State(server): State<Server>,
    Extension(identity): Extension<Identity>,
    Path(address): Path<String>,
    request: Request,
) -> Answer {
    let address: Address = address.parse()?;
    identity.require(&address.asset.project, Right::Editor)?;
    if address.path.is_some() {
        let problem = Problem::invalid("a batch goes to an asset").help("the paths stand in the archive");
        return Err(problem.into());
    }
    let branch = branch(address.at)?;
    if body::media_type(request.headers()).as_deref() != Some("application/x-tar") {
        let problem =
            Problem::invalid("a batch is a tar archive").help("send it with 'Content-Type: application/x-tar'");
        return Err(Refusal::with(StatusCode::UNSUPPORTED_MEDIA_TYPE, problem));
    }
    let limits = &server.settings.limits;
    let held = body::hold(&server, request, limits.batch, "the archive").await?;
    let (archive, most) = (held.bytes.clone(), limits.batch_entries);
    let objects = tokio::task::spawn_blocking(move || tar_entries::read(&archive, most))
        .await
        .map_err(|_| Problem::internal("the archive could not be read").help("nothing was written"))??;
    let done = server.parts.objects.batch(&address.asset, branch.as_ref(), objects).await?;
    Ok(Json(done).into_response())
}
