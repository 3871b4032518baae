import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CoordinationError, mapRepositoryPaths, type Operation } from '@agentcoord/contract';
import { z } from 'zod';
import type { Config } from '../config.ts';
import { nameOfAtMost } from '../text.ts';
import { findRepository, localProject } from './git.ts';
import { repositoryPathOf } from './path.ts';

/** A working copy, as doors that run inside it see it. */
export interface Workspace {
  project: string;
  /** False where the folder is in no repository and nobody has named the project: it is then one of this folder alone. */
  isFound: boolean;
  /** Top folder; the current one outside a repository. */
  root: string;
  /** Turns typed paths into repository-relative ones and fills in the configured life of a lock. */
  prepare(operation: Operation, input: Record<string, unknown>): Record<string, unknown>;
}

/**
 * Finds project and root of a folder: AGENT_PROJECT, else `.agentcoord.json` at the root, else the git remote.
 * Relative paths start from `folder`, as with git, or `fromRoot` for callers that think in repository paths.
 */
export async function workspaceOf(
  folder: string,
  config: Config,
  { fromRoot = false }: { fromRoot?: boolean } = {},
): Promise<Workspace> {
  const repository = await findRepository(folder);
  const root = repository?.root ?? folder;
  const found = config.project ?? (await projectFile(root)) ?? repository?.project;
  const project = found ?? localProject(folder);
  const base = fromRoot ? root : folder;
  return {
    project,
    isFound: found !== undefined,
    root,
    prepare: (operation, input) => prepare(operation, input, root, base, config),
  };
}

const projectFileSchema = z.object({ project: nameOfAtMost(200).min(1) });

async function projectFile(root: string): Promise<string | undefined> {
  const name = '.agentcoord.json';
  let text: string;
  try {
    // A pipe would keep every command waiting.
    if (!(await stat(join(root, name))).isFile()) return undefined;
    text = await readFile(join(root, name), 'utf8');
  } catch {
    return undefined;
  }
  try {
    return projectFileSchema.parse(JSON.parse(text)).project;
  } catch {
    throw new CoordinationError({
      code: 'invalid_input',
      message: `${name} at the root of the repository is not valid.`,
      hint: 'It must be JSON such as {"project": "github.com/acme/web"}.',
    });
  }
}

function prepare(
  operation: Operation,
  input: Record<string, unknown>,
  root: string,
  base: string,
  config: Config,
): Record<string, unknown> {
  // What is no text that a file can have is left to the validator.
  const nameOf = (typed: string) =>
    typed === '' || typed.includes('\0') ? typed : repositoryPathOf(typed, root, base);
  const prepared = { ...(mapRepositoryPaths(operation.input, input, nameOf) as Record<string, unknown>) };
  if (operation.toolset === 'locks' && 'ttl_seconds' in operation.input.shape && config.lock_ttl_minutes) {
    prepared.ttl_seconds ??= Math.round(config.lock_ttl_minutes * 60);
  }
  return prepared;
}
