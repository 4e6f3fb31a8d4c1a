// openid-client, oauth4webapi and jose, unmodified, against the gateway: an OAuth 2 client of each kind, and a resource that reads its
// tokens. Arguments: the gateway's port, the file of an administrator's API key.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import * as jose from 'jose'
import * as oauth from 'oauth4webapi'
import * as client from 'openid-client'

const [port, keyFile] = process.argv.slice(2)
const issuer = `https://localhost:${port}`
const apiKey = readFileSync(keyFile, 'utf8').trim()
const resource = 'https://documents.localhost'

async function addCredential(more) {
  const request = { service_account_id: 'ci', scopes: ['documents.read'], audiences: [resource], ...more }
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' }
  const answer = await fetch(`${issuer}/v1/client-credentials`, { method: 'POST', headers, body: JSON.stringify(request) })
  assert.equal(answer.status, 200)
  return answer.json()
}

// What a resource server does with a token (RFC 9068, 4).
async function read(token, audience, server) {
  const keys = jose.createRemoteJWKSet(new URL(server.jwks_uri))
  const options = { issuer, audience, typ: 'at+jwt', algorithms: ['ES256'], requiredClaims: ['client_id', 'jti', 'sub'] }
  const { payload } = await jose.jwtVerify(token, keys, options)
  assert.equal(payload.sub, 'service_account:ci')
  const request = new Request(`${resource}/`, { headers: { authorization: `Bearer ${token}` } })
  await oauth.validateJwtAccessToken(server, request, audience)
}

const made = await addCredential({})
const id = made.client_credential.client_id
for (const algorithm of ['oidc', 'oauth2']) {
  for (const method of [client.ClientSecretBasic(made.secret), client.ClientSecretPost(made.secret)]) {
    const config = await client.discovery(new URL(issuer), id, undefined, method, { algorithm })
    const token = await client.clientCredentialsGrant(config)
    assert.equal(token.expires_in, 300)
    await read(token.access_token, 'bailiwick', config.serverMetadata())
    const other = await client.clientCredentialsGrant(config, { resource, scope: 'documents.read' })
    await read(other.access_token, resource, config.serverMetadata())
    assert.equal((await client.tokenIntrospection(config, token.access_token)).active, true)
    await client.tokenRevocation(config, token.access_token)
    assert.equal((await client.tokenIntrospection(config, token.access_token)).active, false)
    await assert.rejects(client.clientCredentialsGrant(config, { scope: 'identity.write' }), { error: 'invalid_scope' })
    await assert.rejects(client.clientCredentialsGrant(config, { resource: 'urn:x' }), { error: 'invalid_target' })
  }
  const wrong = await client.discovery(new URL(issuer), id, undefined, client.ClientSecretBasic('wrong'), { algorithm })
  await assert.rejects(client.clientCredentialsGrant(wrong), (error) => error.status === 401 || error.cause?.error === 'invalid_client')
}

for (const alg of ['ES256', 'Ed25519', 'RS256']) {
  const { publicKey, privateKey } = await oauth.generateKeyPair(alg)
  const kid = `openid-client-${alg}-${process.hrtime.bigint()}`
  const { kty, crv, x, y, n, e } = await jose.exportJWK(publicKey)
  await addCredential({ jwk: JSON.stringify({ kty, crv, x, y, n, e, kid }) })
  const method = client.PrivateKeyJwt({ key: privateKey, kid })
  const config = await client.discovery(new URL(issuer), id, undefined, method)
  const token = await client.clientCredentialsGrant(config)
  await read(token.access_token, 'bailiwick', config.serverMetadata())
}
console.log('openid-client, oauth4webapi and jose are content')
