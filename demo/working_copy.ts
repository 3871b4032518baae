import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Edit } from './plan.ts';

const execute = promisify(execFile);

/** The user's own settings for commits must not decide whether the demo works. */
const settings = ['commit.gpgSign=false', 'core.hooksPath=/dev/null', 'core.autocrlf=false', 'gc.auto=0'];

/** The folder that all agents edit and commit in, as one of them uses it. */
export class WorkingCopy {
  readonly root: string;
  readonly #author: string;

  constructor(root: string, author: string) {
    this.root = root;
    this.#author = author;
  }

  async git(...words: string[]): Promise<string> {
    const { stdout } = await execute('git', ['-C', this.root, ...words], { maxBuffer: 64 * 1024 * 1024 });
    return stdout.trimEnd();
  }

  /** Reads the file, thinks, writes it whole: whatever others wrote in between is gone. */
  async edit({ path, line, place, think_ms }: Edit, signal?: AbortSignal): Promise<void> {
    const file = join(this.root, path);
    const lines = (await readFile(file, 'utf8')).split('\n');
    await pause(think_ms, undefined, signal ? { signal } : {});
    lines.splice(Math.floor(place * lines.length), 0, line);
    await writeFile(file, lines.join('\n'));
  }

  /** Commits the files in the name of the agent, noting the task in a trailer; answers the commit. */
  async commit(paths: readonly string[], title: string, task: number): Promise<string> {
    const author = ['-c', `user.name=${this.#author}`, '-c', `user.email=${this.#author}@demo.invalid`];
    await this.git('add', '--', ...paths);
    await this.git(...author, 'commit', '--quiet', '--message', title, '--message', `Task: ${task}`, '--', ...paths);
    return this.git('rev-parse', 'HEAD');
  }

  /** The commit that a task has already, made by an agent that did not live to report it. */
  async commitOf(task: number): Promise<string | undefined> {
    return (await this.git('log', '-1', '--format=%H', '--extended-regexp', `--grep=^Task: ${task}$`)) || undefined;
  }

  /** True when any of the files differs from what is committed. */
  async isChanged(paths: readonly string[]): Promise<boolean> {
    return (await this.git('--no-optional-locks', 'status', '--porcelain', '--', ...paths)) !== '';
  }

  /** Takes the files back to what is committed. */
  async restore(paths: readonly string[]): Promise<void> {
    await this.git('restore', '--source=HEAD', '--staged', '--worktree', '--', ...paths);
  }
}

/** Clones a repository, whose uncommitted changes stay behind. Throws a sentence when that cannot be done. */
export async function cloneRepository(source: string, target: string): Promise<WorkingCopy> {
  const original = new WorkingCopy(source, 'demo');
  await original.git('rev-parse', '--verify', 'HEAD').catch((cause: unknown) => {
    throw new Error(`The demo works on a clone of ${source}, which is no git repository or has no commit yet.`, {
      cause,
    });
  });
  const options = settings.flatMap((setting) => ['--config', setting]);
  await original.git('clone', '--quiet', ...options, '--', source, target);
  return new WorkingCopy(target, 'demo');
}
