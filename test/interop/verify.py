"""Reads access tokens, one a line, and answers each with a line of JSON: whom PyJWT lets in, or why it does not."""

import json
import sys

import jwt

issuer, audience, algorithm = sys.argv[1:]
keys = jwt.PyJWKClient(f"{issuer}/.well-known/jwks.json")


def verify(token):
    try:
        key = keys.get_signing_key_from_jwt(token).key
        claims = jwt.decode(token, key, algorithms=[algorithm], issuer=issuer, audience=audience)
        return {"user": claims["sub"]}
    except jwt.PyJWTError as error:
        return {"refused": f"{type(error).__name__}: {error}"}


for line in sys.stdin:
    print(json.dumps(verify(line.strip())), flush=True)
