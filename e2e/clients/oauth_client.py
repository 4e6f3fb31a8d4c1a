"""authlib and joserfc, unmodified, against the gateway: an OAuth 2 client of each kind, and a resource that reads its tokens.

Arguments: the gateway's port, the authority's certificate, the file of an administrator's API key.
"""

import json
import sys
import time

import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

PORT, AUTHORITY, KEY_FILE = sys.argv[1:]
ISSUER = f"https://localhost:{PORT}"
API_KEY = open(KEY_FILE).read().strip()
RESOURCE = "https://documents.localhost"


def get(url):
    answer = requests.get(url, verify=AUTHORITY)
    answer.raise_for_status()
    return answer.json()


def add_credential(**request):
    """What `bailiwick client-credential add` does, in JSON."""
    request = {"service_account_id": "ci", "scopes": ["documents.read"], "audiences": [RESOURCE], **request}
    headers = {"authorization": f"Bearer {API_KEY}"}
    answer = requests.post(f"{ISSUER}/v1/client-credentials", json=request, headers=headers, verify=AUTHORITY)
    assert answer.status_code == 200, answer.text
    return answer.json()


def session(client_id, secret, method):
    client = OAuth2Session(client_id, secret, token_endpoint_auth_method=method)
    # authlib asks requests, which asks REQUESTS_CA_BUNDLE.
    return client


def refused(error, act):
    try:
        act()
    except OAuthError as refusal:
        assert refusal.error == error, refusal
        return
    raise AssertionError(f"not refused as {error}")


metadata = get(f"{ISSUER}/.well-known/oauth-authorization-server")
AuthorizationServerMetadata(metadata).validate()
assert metadata["issuer"] == ISSUER and metadata == get(f"{ISSUER}/.well-known/openid-configuration")
ENDPOINT = metadata["token_endpoint"]
keys = KeySet.import_key_set(get(metadata["jwks_uri"]))


def read(token, audience):
    """What a resource server does with a token (RFC 9068, 4)."""
    decoded = jwt.decode(token["access_token"], keys, algorithms=["ES256"])
    assert decoded.header["typ"] == "at+jwt", decoded.header
    required = {name: {"essential": True} for name in ["exp", "iat", "jti", "client_id"]}
    registry = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": audience},
        sub={"essential": True, "value": "service_account:ci"},
        **required,
    )
    registry.validate(decoded.claims)
    return decoded.claims


# Secrets, in the header and in the form.
made = add_credential()
client_id, secret = made["client_credential"]["client_id"], made["secret"]
assert client_id == "acme.ci", client_id
for method in ["client_secret_basic", "client_secret_post"]:
    client = session(client_id, secret, method)
    token = client.fetch_token(ENDPOINT, grant_type="client_credentials")
    assert (token["token_type"], token["expires_in"], token["scope"]) == ("Bearer", 300, "documents.read"), token
    assert read(token, "bailiwick")["tenant"] == "acme"
    for_resource = client.fetch_token(ENDPOINT, grant_type="client_credentials", resource=RESOURCE)
    read(for_resource, RESOURCE)
    told = client.introspect_token(metadata["introspection_endpoint"], token=token["access_token"]).json()
    assert told["active"] and told["client_id"] == client_id, told
    ended = client.revoke_token(metadata["revocation_endpoint"], token=token["access_token"])
    assert ended.status_code == 200, ended.text
    told = client.introspect_token(metadata["introspection_endpoint"], token=token["access_token"]).json()
    assert told == {"active": False}, told
    refused("invalid_scope", lambda: client.fetch_token(ENDPOINT, grant_type="client_credentials", scope="identity.write"))
    refused("invalid_target", lambda: client.fetch_token(ENDPOINT, grant_type="client_credentials", resource="urn:x"))
    wrong = session(client_id, secret[:-1] + "x", method)
    refused("invalid_client", lambda: wrong.fetch_token(ENDPOINT, grant_type="client_credentials"))

# Keys of each kind.
for name, key in [
    ("ES256", ECKey.generate_key("P-256")),
    ("EdDSA", OKPKey.generate_key("Ed25519")),
    ("RS256", RSAKey.generate_key(2048)),
]:
    public = {**key.as_dict(private=False), "kid": f"authlib-{name}-{time.time_ns()}"}
    assert not add_credential(jwk=json.dumps(public)).get("secret")
    client = session(client_id, key, "private_key_jwt")
    soon = int(time.time()) + 60
    method = PrivateKeyJWT(ENDPOINT, claims={"exp": soon}, headers={"kid": public["kid"]}, alg=name)
    client.register_client_auth_method(method)
    read(client.fetch_token(ENDPOINT, grant_type="client_credentials"), "bailiwick")
    # Left alone, authlib makes assertions of an hour, which is more than may be.
    client = session(client_id, key, "private_key_jwt")
    client.register_client_auth_method(PrivateKeyJWT(ENDPOINT, headers={"kid": public["kid"]}, alg=name))
    refused("invalid_client", lambda: client.fetch_token(ENDPOINT, grant_type="client_credentials"))
print("authlib and joserfc are content")
