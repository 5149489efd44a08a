//! The body of a request, within limits of length and time.

use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::header::EXPECT;
use hyper::{Request, StatusCode};
use tokio::time::timeout;

use crate::http::response::Refusal;

/// Of a body that is too long, so much is read and thrown away: a client that is still sending would else find its
/// connection reset before it reads why.
const THROWN_AWAY: usize = 16 << 20;

/// The bytes of a body.
pub(super) async fn read(
    request: Request<Incoming>,
    max: usize,
    time: Duration,
) -> Result<Vec<u8>, Refusal> {
    let declared = request.body().size_hint().exact();
    if let Some(length) = declared.filter(|&length| length > max as u64) {
        // A client that waits for `100 Continue` has sent nothing yet, and need not.
        if !request.headers().contains_key(EXPECT) {
            let _ = timeout(time, throw_away(request.into_body())).await;
        }
        return Err(too_long(max, format!("{length} bytes")));
    }
    let mut body = request.into_body();
    let mut bytes = Vec::with_capacity(declared.unwrap_or(0) as usize);
    let all = async {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| broken(error.to_string()))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if bytes.len() + data.len() > max {
                throw_away(body).await;
                return Err(too_long(max, "more".to_owned()));
            }
            bytes.extend_from_slice(&data);
        }
        Ok(())
    };
    match timeout(time, all).await {
        Ok(Ok(())) => Ok(bytes),
        Ok(Err(refusal)) => Err(refusal),
        Err(_) => Err(Refusal::new(
            StatusCode::REQUEST_TIMEOUT,
            "body",
            format!("all of it within {} s", time.as_secs_f32()),
            "a part",
            "send it faster or in smaller requests",
        )),
    }
}

async fn throw_away(mut body: Incoming) {
    let mut bytes = 0;
    while bytes < THROWN_AWAY
        && let Some(Ok(frame)) = body.frame().await
    {
        bytes += frame.data_ref().map_or(0, |data| data.len());
    }
}

fn too_long(max: usize, found: String) -> Refusal {
    Refusal::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "body",
        format!("at most {max} bytes"),
        found,
        "send fewer texts in a request, or start the server with a larger --max-body",
    )
}

fn broken(found: String) -> Refusal {
    Refusal::new(
        StatusCode::BAD_REQUEST,
        "body",
        "as many bytes as its head says",
        found,
        "send it again",
    )
}
