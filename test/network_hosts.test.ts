import { domainToASCII } from 'node:url';
import { parseTarget } from '@agentcoord/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const hostOf = (text: string) => {
  const target = parseTarget(text);
  return 'problem' in target ? undefined : target.host;
};

/** An address as four bytes. */
const bytes = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));

const inBase = (value: number, base: number) =>
  ({ 8: `0${value.toString(8)}`, 10: String(value), 16: `0x${value.toString(16)}` })[base] as string;

/** The notations that C's inet_aton reads: one to four parts, each decimal, octal or hexadecimal, the last one the rest. */
const notation = fc
  .record({
    address: bytes,
    parts: fc.integer({ min: 1, max: 4 }),
    bases: fc.array(fc.constantFrom(8, 10, 16), { minLength: 4, maxLength: 4 }),
  })
  .map(({ address, parts, bases }) => {
    const last = address.slice(parts - 1).reduce((sum, byte) => sum * 256 + byte, 0);
    const values = [...address.slice(0, parts - 1), last];
    return {
      address: address.join('.'),
      text: values.map((value, index) => inBase(value, bases[index] as number)).join('.'),
    };
  });

/** Around a host: what a URL may say beside it. */
const wrapping = fc.record({
  scheme: fc.constantFrom('', 'http://', 'HTTPS://', 'ws://', 'ssh://'),
  user: fc.constantFrom('', 'git@', 'github.com@', 'a:b@', 'github.com%40x:y@'),
  port: fc.constantFrom('', ':443', ':8080', ':00080'),
  rest: fc.constantFrom('', '/', '/github.com', '?x=@github.com', '#@github.com', '/a:b@c'),
});

const wrapped = (host: string, { scheme, user, port, rest }: { [part: string]: string }) =>
  `${scheme}${user}${host}${port}${rest}`;

describe('a host has one form, whatever is written around it:', () => {
  test('IPv4 in every notation', () => {
    fc.assert(
      fc.property(notation, wrapping, fc.boolean(), ({ address, text }, around, upper) => {
        expect(hostOf(wrapped(upper ? text.toUpperCase() : text, around))).toBe(address);
      }),
      { numRuns: 3000 },
    );
  });

  test('IPv4 within IPv6', () => {
    fc.assert(
      fc.property(bytes, wrapping, ([a, b, c, d], around) => {
        const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
        for (const text of [`[::ffff:${a}.${b}.${c}.${d}]`, `[::FFFF:${hex}]`, `[0:0:0:0:0:ffff:${hex}]`]) {
          expect(hostOf(wrapped(text, around))).toBe([a, b, c, d].join('.'));
        }
      }),
      { numRuns: 500 },
    );
  });

  const label = fc.constantFrom(
    'github',
    'GitHub',
    'a',
    'x-1',
    'bücher',
    'BÜCHER',
    'faß',
    '例え',
    'ａｂｃ',
    '1a',
    '_dmarc',
  );
  const name = fc
    .record({
      labels: fc.array(label, { minLength: 1, maxLength: 4 }),
      dot: fc.constantFrom('.', '。', '．'),
      end: fc.boolean(),
    })
    .map(({ labels, dot, end }) => `${labels.join(dot)}.com${end ? '.' : ''}`);

  test('names, as the domain rules of Unicode map them', () => {
    fc.assert(
      fc.property(name, wrapping, (text, around) => {
        expect(hostOf(wrapped(text, around))).toBe(domainToASCII(text).replace(/\.$/, ''));
      }),
      { numRuns: 2000 },
    );
  });

  test('whatever is not refused is what the parser of browsers connects to', () => {
    const piece = fc.constantFrom(
      ...[
        'http://',
        'https://',
        'github.com',
        'evil.com',
        '@',
        ':',
        '/',
        '\\',
        '#',
        '?',
        '.',
        '..',
        '%2e',
        '%40',
        '[::1]',
      ],
      ...[
        '127.0.0.1',
        '0x7f',
        '017',
        '80',
        '%',
        ' ',
        '\t',
        '\n',
        '\u0000',
        '\u00ad',
        '\u200b',
        '。',
        'ß',
        '[',
        ']',
        '-',
        '_',
      ],
    );
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), (pieces) => {
        const text = `http://${pieces.join('')}`;
        const host = hostOf(text);
        if (host === undefined) return;
        accepted++;
        const browser = URL.parse(text)
          ?.hostname.replace(/\.$/, '')
          .replace(/^\[|\]$/g, '');
        expect([text, host]).toEqual([text, browser]);
      }),
      { numRuns: 20_000 },
    );
    expect(accepted).toBeGreaterThan(1000);
  });
});

test.each([
  ...[
    '',
    ' ',
    'a b',
    'a\tb.com',
    'a\nb.com',
    'github.com\u0000',
    'http://',
    'http:///github.com',
    'a..b',
    '.com',
    '-a.com',
  ],
  ...['a@b@github.com', 'http://github.com\\@evil.com', '[::1', '::1%eth0', '1.2.3.4.5', '256.1.1.1', '0x100000000'],
  ...[
    'github.com:99999',
    'github.com:x',
    `${'a'.repeat(64)}.com`,
    `${'a.'.repeat(127)}com`,
    'javascript:alert(1)',
    'a%00b.com',
  ],
])('refuses %j', (text) => {
  expect(hostOf(text)).toBeUndefined();
});

test('reads the port, or that of the scheme', () => {
  const portOf = (text: string) => (parseTarget(text) as { port?: number }).port;
  expect(
    ['a.com', 'a.com:80', 'http://a.com', 'https://a.com', 'https://a.com:80', '[::1]:0443', 'a.com:8080'].map(portOf),
  ).toEqual([undefined, 80, 80, 443, 80, 443, 8080]);
});
