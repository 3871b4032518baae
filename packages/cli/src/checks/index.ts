import type { Config } from '@agentcoord/core';
import { checkBackend } from './backend.ts';
import { checkClock, checkDurability } from './database.ts';
import { diagnose } from './diagnosis.ts';
import type { Finding, Subject } from './finding.ts';
import { checkHome, checkNode, checkProject } from './machine.ts';
import { checkHttp, checkPort } from './server.ts';
import { checkInvariants, checkJournal, checkQueue, checkSweep, checkTransactions } from './upkeep.ts';

export interface Check extends Finding {
  check: string;
}

/** In the order in which one depends on the other. */
const checks: Record<string, (subject: Subject) => Promise<Finding>> = {
  node: checkNode,
  home: checkHome,
  project: checkProject,
  backend: checkBackend,
  durability: checkDurability,
  clock: checkClock,
  sweep: checkSweep,
  vacuum: checkTransactions,
  queue: checkQueue,
  journal: checkJournal,
  invariants: checkInvariants,
  http: checkHttp,
  port: checkPort,
};

/** Makes every check, one after the other; one that fails to answer is a finding too. */
export async function examine(config: Config): Promise<Check[]> {
  let asked: ReturnType<typeof diagnose> | undefined;
  const found: Check[] = [];
  const isAway = () => found.some(({ check, ok }) => check === 'backend' && !ok);
  const subject: Subject = {
    config,
    diagnosis: async () => {
      if (isAway()) return undefined;
      asked ??= diagnose(config);
      return asked;
    },
  };
  for (const [check, examineOne] of Object.entries(checks)) {
    found.push({ check, ...(await examineOne(subject).catch(failed)) });
  }
  return found;
}

function failed(error: { message: string; hint?: string }): Finding {
  return { ok: false, detail: error.message, hint: error.hint ?? 'This is a defect: report it.' };
}
