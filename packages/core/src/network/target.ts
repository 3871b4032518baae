import { isIPv4, isIPv6 } from 'node:net';

/** A host in its one form: a lower-case ASCII name without trailing dot, or an address as Postgres writes it. */
export interface Target {
  host: string;
  /** As named, or the scheme's own; undefined when nothing says one. */
  port?: number;
  scheme?: string;
}

const ownPorts: Readonly<Record<string, number>> = { http: 80, https: 443, ws: 80, wss: 443, ftp: 21 };

/** White space and control characters, and what readers of URLs disagree about. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
const unusable = /[\u0000-\u0020\u007f-\u00a0\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\\]/u;

/**
 * Reads a URL, a host or host:port as a client would, and gives the host its one form: case, trailing dot, escapes,
 * international names, addresses in any notation. What has no single meaning is refused with the problem in words.
 */
export function parseTarget(text: string): Target | { problem: string } {
  if (text.length > 8192) return { problem: 'is longer than 8192 characters' };
  if (unusable.test(text)) return { problem: 'has white space, a control character or a backslash' };
  const [scheme, rest] = splitScheme(text);
  const authority = rest.replace(/[/?#].*$/s, '');
  // User info can look like a host. Who has the right to call needs none of it here.
  const at = authority.lastIndexOf('@');
  if (authority.indexOf('@') !== at) return { problem: 'has more than one @ before its path' };
  const named = authority.slice(at + 1);
  // Always as http, because of other schemes the host is not looked at. Alone, an IPv6 address needs no brackets.
  const isBare = scheme === undefined && at < 0 && isIPv6(named);
  const url = URL.parse(`http://${isBare ? `[${named}]` : named}/`);
  if (!url?.hostname || url.username !== '' || url.pathname !== '/') return { problem: 'names no host' };
  const host = hostOf(url.hostname);
  if (typeof host !== 'string') return host;
  const port = portOf(isBare ? '' : named, url, scheme);
  return { host, ...(port === undefined ? {} : { port }), ...(scheme === undefined ? {} : { scheme }) };
}

function splitScheme(text: string): [scheme: string | undefined, rest: string] {
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/s.exec(text);
  return match ? [match[1]?.toLowerCase(), match[2] ?? ''] : [undefined, text];
}

function portOf(authority: string, { port }: URL, scheme: string | undefined): number | undefined {
  if (port !== '') return Number(port);
  // The parser leaves out 80, which is what it was told is the scheme's own.
  if (/:0*80$/.test(authority)) return 80;
  return scheme === undefined ? undefined : ownPorts[scheme];
}

function hostOf(hostname: string): string | { problem: string } {
  if (hostname.startsWith('[')) return addressOf(hostname.slice(1, -1));
  if (isIPv4(hostname)) return hostname;
  const name = hostname.replace(/\.$/, '');
  const labels = name.split('.');
  const isName = labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label));
  if (!isName || name.length > 253) return { problem: 'names no host: labels have 1 to 63 letters, digits, - and _' };
  return name;
}

/** An IPv6 address; one that only wraps an IPv4 address is that address. */
function addressOf(address: string): string {
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address);
  if (!mapped) return address;
  const [high = 0, low = 0] = mapped.slice(1).map((part) => Number.parseInt(part, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
