//! Requests as bytes, whether they are messages or not.

use envoy_types::pb::envoy::service::auth::v3::CheckResponse;
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message as _;
use tonic::Status;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;

use super::requests;

/// Sends these bytes as the message of a Check.
pub(super) async fn check(channel: Channel, bytes: Vec<u8>) -> Result<CheckResponse, Status> {
    let mut client = Grpc::new(channel);
    client.ready().await.expect("gate accepts connections");
    let path = http::uri::PathAndQuery::from_static("/envoy.service.auth.v3.Authorization/Check");
    client.unary(tonic::Request::new(bytes), path, BytesCodec).await.map(tonic::Response::into_inner)
}

/// Bytes: messages in which some were changed, cut or added, and any at all.
pub(super) fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    let changed = (requests::any_request(), vec((any::<prop::sample::Index>(), any::<u8>()), 0..4)).prop_map(
        |(request, changes)| {
            let mut bytes = request.encode_to_vec();
            for (at, byte) in changes {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = byte;
                }
            }
            bytes
        },
    );
    let cut = (requests::any_request(), any::<prop::sample::Index>()).prop_map(|(request, at)| {
        let mut bytes = request.encode_to_vec();
        bytes.truncate(at.index(bytes.len() + 1));
        bytes
    });
    prop_oneof![4 => changed, 2 => cut, 1 => vec(any::<u8>(), 0..64)]
}

/// Writes bytes as they are, and reads answers.
#[derive(Clone, Copy, Debug)]
struct BytesCodec;

impl Codec for BytesCodec {
    type Encode = Vec<u8>;
    type Decode = CheckResponse;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for BytesCodec {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        bytes::BufMut::put_slice(buffer, &item);
        Ok(())
    }
}

impl Decoder for BytesCodec {
    type Item = CheckResponse;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<CheckResponse>, Status> {
        CheckResponse::decode(buffer).map(Some).map_err(|error| Status::internal(error.to_string()))
    }
}
