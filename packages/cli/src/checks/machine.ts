import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { coordinatorOver } from '@agentcoord/contract';
import { type Config, workspaceOf } from '@agentcoord/core';
import { commandLineCaller, connect } from '../connection.ts';
import { otherProject } from '../elsewhere.ts';
import { printProgress } from '../output.ts';
import type { Finding, Subject } from './finding.ts';

const leastNode = 24;

export async function checkNode(): Promise<Finding> {
  const ok = Number.parseInt(process.versions.node, 10) >= leastNode;
  const detail = `Node ${process.versions.node}`;
  return ok
    ? { ok, detail }
    : { ok, detail, hint: `Use Node ${leastNode} or later; \`npm install\` brings one along.` };
}

export async function checkHome({ config: { home } }: Subject): Promise<Finding> {
  const found = await stat(home).catch(() => undefined);
  if (!found) return checkParent(home);
  const detail = `${home}, mode ${(found.mode & 0o777).toString(8)}`;
  const writable = await isWritable(home);
  if (!found.isDirectory() || !writable) {
    return {
      ok: false,
      detail: `${home} cannot be written.`,
      hint: 'Repair it, or set AGENTCOORD_HOME to a folder of yours.',
    };
  }
  // A server that root runs as another user has to pass through.
  if ((found.mode & 0o066) !== 0) return { ok: false, detail, hint: `Others may read it: chmod 700 '${home}'` };
  return { ok: true, detail };
}

export async function checkProject({ config }: Subject): Promise<Finding> {
  const { project, root } = await workspaceOf(process.cwd(), config);
  if (config.url) return checkKeysProject(config, project, root);
  if (project.startsWith('local/')) {
    return { ok: true, detail: `${project}, known on this machine only; files below ${root}` };
  }
  return { ok: true, detail: `${project}, files below ${root}` };
}

async function checkKeysProject(config: Config, here: string, root: string): Promise<Finding> {
  await using connection = await connect(config, { identity: commandLineCaller(config), onProgress: printProgress });
  const asking = coordinatorOver(connection.transport).getMyProfile();
  // Whether it answers is looked at by the next check.
  const ofKey = (await asking.catch(() => undefined))?.project;
  if (ofKey === undefined) return { ok: true, detail: `that of the API key; files below ${root}` };
  const hint = otherProject(ofKey, here);
  const detail = `${ofKey}, that of the API key; files below ${root}`;
  return hint === undefined ? { ok: true, detail } : { ok: false, detail, hint };
}

async function checkParent(home: string): Promise<Finding> {
  let parent = dirname(home);
  while (!(await stat(parent).catch(() => undefined)) && parent !== dirname(parent)) parent = dirname(parent);
  if (await isWritable(parent)) return { ok: true, detail: `${home}, made by the first start` };
  return { ok: false, detail: `${home} cannot be made.`, hint: 'Set AGENTCOORD_HOME to a folder you can write.' };
}

async function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}
