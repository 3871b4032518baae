import { matchesGlob } from 'node:path';
import type { Finding } from '../proof.ts';
import { byRow, instantOf, type Stamp } from './stamps.ts';

/** A time during which a session held a path, by the clock of the database. */
export interface Grant {
  path: string;
  session: string;
  shared: boolean;
  from: number;
  until: number;
}

/** L1 to L4 on the history of each row of a lock; `files` are all that the paths in play can mean. */
export function checkLockStamps(stamps: readonly Stamp[], files: readonly string[]): Finding[] {
  const rows = [...byRow(stamps).values()];
  return [
    ...rows.flatMap(brokenTokens),
    ...stamps.flatMap((stamp) => [...brokenGrant(stamp), ...brokenRelease(stamp)]),
    ...overlaps(rows.flatMap(grantsOf), files),
  ];
}

function isGrant({ was, became }: Stamp): boolean {
  return Boolean(became?.session_id) && (became?.session_id !== was?.session_id || became?.token !== was?.token);
}

function brokenGrant(stamp: Stamp): Finding[] {
  const { was, became, key, was_live } = stamp;
  if (!isGrant(stamp) || !was_live || was?.session_id === became?.session_id) return [];
  return [{ promise: 'L1', what: `${key} was granted while another session held it`, seen: { was, became } }];
}

/** A token never falls, and grows with each grant; not even a row that was dropped and made anew starts over. */
function brokenTokens(changes: readonly Stamp[]): Finding[] {
  let highest = 0;
  return changes.flatMap((stamp) => {
    const { became, was, key } = stamp;
    if (!became) return [];
    const token = Number(became.token);
    const least = isGrant(stamp) ? highest + 1 : highest;
    highest = Math.max(highest, token);
    return token < least ? [{ promise: 'L2', what: `the token of ${key} did not grow`, seen: { was, became } }] : [];
  });
}

function brokenRelease({ was, became, was_live, by, operation, key }: Stamp): Finding[] {
  if (!was?.session_id || became?.session_id || !was_live || by === null || by === was.session_id) return [];
  if (operation === 'force_release_lock') return [];
  return [{ promise: 'L3', what: `${key} was freed by ${operation} of another session`, seen: { was, by } }];
}

/** Each grant of one row with its end: the change that ended it, or the end of its time. */
function grantsOf(changes: readonly Stamp[]): Grant[] {
  const grants: Grant[] = [];
  for (const stamp of changes) {
    const last = grants.at(-1);
    const { became, at, key, of_table } = stamp;
    if (last && (isGrant(stamp) || !became?.session_id)) last.until = Math.min(last.until, at);
    if (!became?.session_id) continue;
    const until = instantOf(became.expires_at);
    const session = String(became.session_id);
    if (isGrant(stamp)) grants.push({ path: key, session, shared: of_table === 'lock_shares', from: at, until });
    else if (last) last.until = until;
  }
  return grants;
}

/** L4: an interval sweep over all grants whose paths have a file in common. */
export function overlaps(grants: readonly Grant[], files: readonly string[]): Finding[] {
  const meet = intersections(files);
  let open: Grant[] = [];
  const findings: Finding[] = [];
  for (const grant of grants.toSorted((one, other) => one.from - other.from)) {
    open = open.filter(({ until }) => until > grant.from);
    for (const other of open) {
      if (other.session === grant.session || (other.shared && grant.shared) || !meet(other.path, grant.path)) continue;
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

/** Whether two paths have one of the files in common, found by trying every file. */
export function intersections(files: readonly string[]): (one: string, other: string) => boolean {
  const members = new Map<string, Set<string>>();
  const membersOf = (path: string) => {
    const known = members.get(path) ?? new Set(files.filter((file) => isIn(file, path)));
    members.set(path, known);
    return known;
  };
  return (one, other) => one === other || [...membersOf(one)].some((file) => membersOf(other).has(file));
}

function isIn(file: string, path: string): boolean {
  return file === path || (path.endsWith('/') ? file.startsWith(path) : matchesGlob(file, path));
}
