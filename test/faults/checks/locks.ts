import type { Finding } from '../proof.ts';
import { byKey, instantOf, type Stamp } from './stamps.ts';

/** A time during which a session held a path, by the clock of the database. */
export interface Grant {
  path: string;
  session: string;
  token: number;
  from: number;
  until: number;
}

/** L1 to L4 on the history of each lock's row. */
export function checkLockStamps(stamps: readonly Stamp[]): Finding[] {
  const findings = stamps.flatMap((stamp) => [...brokenGrant(stamp), ...brokenRelease(stamp)]);
  return [...findings, ...overlaps(grantsOf(stamps))];
}

function isGrant({ was, became }: Stamp): boolean {
  return Boolean(became?.session_id) && (became?.session_id !== was?.session_id || became?.token !== was?.token);
}

function brokenGrant(stamp: Stamp): Finding[] {
  const { was, became, key, was_live } = stamp;
  if (!isGrant(stamp) || !was) return [];
  const seen = { key, was, became };
  const findings: Finding[] = [];
  if (was_live && was.session_id !== became?.session_id) {
    findings.push({ promise: 'L1', what: `${key} was granted while another session held it`, seen });
  }
  if (Number(became?.token) <= Number(was.token)) {
    findings.push({ promise: 'L2', what: `the token of ${key} did not grow`, seen });
  }
  return findings;
}

function brokenRelease({ was, became, was_live, by, operation, key }: Stamp): Finding[] {
  if (!was?.session_id || became?.session_id || !was_live || by === null || by === was.session_id) return [];
  if (operation === 'force_release_lock') return [];
  return [
    { promise: 'L3', what: `${key} was taken from its holder by ${operation} of another session`, seen: { was, by } },
  ];
}

/** Each grant with its end: the change that ended it, or the end of its time. */
export function grantsOf(stamps: readonly Stamp[]): Grant[] {
  return [...byKey(stamps.filter(({ became, was }) => became?.session_id || was?.session_id))].flatMap(
    ([key, changes]) => {
      const grants: Grant[] = [];
      for (const stamp of changes) {
        const last = grants.at(-1);
        const { became, at } = stamp;
        if (last && (isGrant(stamp) || !became?.session_id)) last.until = Math.min(last.until, at);
        if (!became?.session_id) continue;
        const until = instantOf(became.expires_at);
        if (isGrant(stamp)) {
          const path = key.slice(key.indexOf(' ') + 1);
          grants.push({ path, session: String(became.session_id), token: Number(became.token), from: at, until });
        } else if (last) last.until = until;
      }
      return grants;
    },
  );
}

/** L4: an interval sweep over all grants whose paths have a file in common. */
export function overlaps(grants: readonly Grant[]): Finding[] {
  const sorted = grants.toSorted((one, other) => one.from - other.from);
  let open: Grant[] = [];
  const findings: Finding[] = [];
  for (const grant of sorted) {
    open = open.filter(({ until }) => until > grant.from);
    for (const other of open) {
      if (other.session === grant.session || !intersect(other.path, grant.path)) continue;
      findings.push({
        promise: 'L4',
        what: `${other.path} and ${grant.path} were held at once`,
        seen: { other, grant },
      });
    }
    open.push(grant);
  }
  return findings;
}

/** Whether two of the harness's patterns have a file in common: files, and trees that end with a slash. */
export function intersect(one: string, other: string): boolean {
  const within = (path: string, tree: string) => path === tree || (tree.endsWith('/') && path.startsWith(tree));
  return within(one, other) || within(other, one);
}
