import type { Config } from '@agentcoord/core';
import { checkBackend } from './backend.ts';
import { checkClock, checkDurability, checkUpkeep } from './database.ts';
import { checkHome, checkNode, checkProject } from './machine.ts';
import { checkHttp, checkPort } from './server.ts';

/** What a check found; `hint` says what to do about it. */
export interface Finding {
  ok: boolean;
  detail: string;
  hint?: string;
}

export interface Check extends Finding {
  check: string;
}

/** In the order in which one depends on the other. */
export const checks: Record<string, (config: Config) => Promise<Finding>> = {
  node: checkNode,
  home: checkHome,
  project: checkProject,
  backend: checkBackend,
  durability: checkDurability,
  clock: checkClock,
  upkeep: checkUpkeep,
  http: checkHttp,
  port: checkPort,
};
