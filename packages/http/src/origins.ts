import { CoordinationError } from '@agentcoord/contract';
import type { onRequestHookHandler } from 'fastify';

export interface AllowedOrigins {
  /** Names under which the server may be addressed beside the loopback ones, with or without port. */
  allowedHosts?: readonly string[] | undefined;
  /** Origins of web pages that may call, such as `https://board.example.com`, beside the server's own. */
  allowedOrigins?: readonly string[] | undefined;
}

const loopback = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Hook against web pages that reach a local server through the user's browser: a page that rebinds its own name to
 * 127.0.0.1 sends that name as Host, any other page sends its Origin.
 */
export function checkOrigin({ allowedHosts = [], allowedOrigins = [] }: AllowedOrigins): onRequestHookHandler {
  const hosts = new Set([...loopback, ...allowedHosts.map((host) => host.toLowerCase())]);
  const origins = new Set(allowedOrigins.map((origin) => origin.toLowerCase().replace(/\/$/, '')));
  return (request, _reply, done) => {
    const host = (request.raw.headers.host ?? '').toLowerCase();
    if (!hosts.has(host) && !hosts.has(withoutPort(host))) return done(hostRefused());
    const origin = request.headers.origin?.toLowerCase();
    if (origin === undefined || origins.has(origin) || isOwn(origin, host)) return done();
    done(originRefused());
  };
}

/** What cannot be a port stays: others make an address of the whole, and would fail. */
const withoutPort = (host: string) => host.replace(/:(\d{1,5})$/, (whole, port) => (port > 65_535 ? whole : ''));

function isOwn(origin: string, host: string): boolean {
  return origin === `http://${host}` || origin === `https://${host}`;
}

function hostRefused(): CoordinationError {
  return new CoordinationError({
    code: 'forbidden',
    message: 'The server is not known under the name in the Host header.',
    hint: 'Call it as 127.0.0.1 or localhost, or start it with the name in AGENTCOORD_ALLOWED_HOSTS.',
  });
}

function originRefused(): CoordinationError {
  return new CoordinationError({
    code: 'forbidden',
    message: 'Web pages of this origin may not call the server.',
    hint: 'Call it from a program, without an Origin header, or from a page that the server itself serves.',
  });
}
