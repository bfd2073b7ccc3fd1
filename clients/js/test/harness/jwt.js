// JWTs as another service would sign them.

import {createHmac} from 'node:crypto';

export const SECRET = 'a secret of thirty-two bytes, or more';

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

// A token with grants that expires at `exp` (unix seconds).
export function jwt(grants, exp) {
  const text = `${encoded({alg: 'HS256', typ: 'JWT'})}.${encoded({ringcast: grants, exp})}`;
  return `${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`;
}

export const JWT_SETTINGS = {auth: {jwt: {algorithms: ['HS256'], key: SECRET}}};
