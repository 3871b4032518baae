import type { Call } from '../history.ts';
import type { Finding } from '../proof.ts';

interface Grant {
  client: string;
  path: string;
  token: number;
  renewed: boolean;
  shared: boolean;
  asked: number;
  answered: number;
  /** Until then the client had every right to think that it held the path. */
  sureUntil: number;
}

/** L1 and L2 as the clients saw them, by the machine's monotonic clock. */
export function checkLockCalls(calls: readonly Call[]): Finding[] {
  const grants = Map.groupBy(grantsIn(calls), ({ path }) => path);
  return [...grants.values()].flatMap((ofPath) => [...brokenOrder(ofPath), ...sureOverlaps(ofPath)]);
}

/** Whatever a client asks about a path ends what it was sure of: a renewal may be shorter than what it renews. */
function grantsIn(calls: readonly Call[]): Grant[] {
  const grants: Grant[] = [];
  const latest = new Map<string, Grant>();
  for (const { client, operation, input, asked, answered, answer } of calls) {
    if (operation !== 'acquire_lock' && operation !== 'release_lock') continue;
    for (const path of input.paths as string[]) {
      const grant = latest.get(`${client} ${path}`);
      if (grant) grant.sureUntil = Math.min(grant.sureUntil, asked);
    }
    if (!answer?.acquired) continue;
    const sureUntil = asked + Number(input.ttl_seconds ?? 900) * 1000;
    for (const lock of answer.locks as Pick<Grant, 'path' | 'token' | 'renewed' | 'shared'>[]) {
      const { path, token, renewed, shared } = lock;
      const grant = { client, path, token, renewed, shared, asked, answered, sureUntil };
      latest.set(`${client} ${path}`, grant);
      grants.push(grant);
    }
  }
  return grants;
}

/**
 * A grant that was asked for after another was answered has a higher token. What is renewed keeps its own: then nobody
 * else had the path in between, or, when it is shared, nobody had it alone.
 */
function brokenOrder(grants: readonly Grant[]): Finding[] {
  const answered = grants.toSorted((one, other) => one.answered - other.answered);
  let newest: Grant | undefined;
  let newestAlone: Grant | undefined;
  let next = 0;
  return grants.flatMap((grant) => {
    for (; (answered[next]?.answered ?? Number.POSITIVE_INFINITY) < grant.asked; next++) {
      const passed = answered[next] as Grant;
      if (!newest || passed.token > newest.token) newest = passed;
      if (!passed.shared && passed.token > (newestAlone?.token ?? 0)) newestAlone = passed;
    }
    const before = grant.renewed && grant.shared ? newestAlone : newest;
    const least = (before?.token ?? 0) + (grant.renewed && !grant.shared && before?.client === grant.client ? 0 : 1);
    if (grant.token >= least) return [];
    return [
      {
        promise: 'L2',
        what: `a later grant of ${grant.path} has an older token`,
        seen: { earlier: before, later: grant },
      },
    ];
  });
}

function sureOverlaps(grants: readonly Grant[]): Finding[] {
  let sure: Grant[] = [];
  const findings: Finding[] = [];
  for (const grant of grants.toSorted((one, other) => one.answered - other.answered)) {
    if (grant.sureUntil <= grant.answered) continue;
    sure = sure.filter(({ sureUntil }) => sureUntil > grant.answered);
    for (const one of sure) {
      if (one.client === grant.client || (one.shared && grant.shared)) continue;
      findings.push({ promise: 'L1', what: `two clients were sure of ${grant.path}`, seen: { one, other: grant } });
    }
    sure.push(grant);
  }
  return findings;
}
