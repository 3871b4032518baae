import { createHmac } from 'node:crypto';
import type { Handler } from './handlers.ts';

/** Signs the claims of a token with the secret that PostgREST checks tokens with (HS256, RFC 7515). */
export function tokenSigner(secret: string): (claims: object) => string {
  return (claims) => {
    const content = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded(claims)}`;
    return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`;
  };
}

const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');

/** The database says what the token says, and for how long; it is signed here, so that no database has the secret. */
export const createReadToken: Handler = async ({ database: { signToken }, store }) => {
  const { claims, ...answer } = (await store({ can_sign: signToken !== undefined })) as { claims: object };
  return { ...answer, token: signToken?.(claims) };
};
