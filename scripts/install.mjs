/**
 * Runs before every npm script, on whatever Node is there (20 or later) and with npm alone: installs the workspace with
 * pnpm unless the last install was of exactly these files. Two at once: the second waits for the first.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = join(root, 'node_modules/.agentcoord-install');
const lock = join(root, 'node_modules/.agentcoord-installing');
const pnpm = 'pnpm@12.21.0';
const pollMilliseconds = 500;

/** Digest of all that decides what an install installs. */
function wanted() {
  const packages = readdirSync(join(root, 'packages')).map((name) => `packages/${name}/package.json`);
  const files = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', ...packages.sort()];
  const hash = createHash('sha256').update(`${pnpm} ${process.platform} ${process.arch}`);
  for (const file of files) if (existsSync(join(root, file))) hash.update(file).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

function isInstalled() {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted();
}

/** Takes the lock folder, or returns false; one whose owner is gone is nobody's. */
function takeLock() {
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  try {
    mkdirSync(lock);
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (isOwnerGone()) rmSync(lock, { recursive: true, force: true });
    return false;
  }
  writeFileSync(join(lock, 'pid'), String(process.pid));
  return true;
}

function isOwnerGone() {
  try {
    process.kill(Number(readFileSync(join(lock, 'pid'), 'utf8')), 0);
    return false;
  } catch (error) {
    if (error.code === 'ESRCH') return true;
    if (error.code !== 'ENOENT') return false;
    // Made a moment ago, or its owner died before it could sign.
    const made = statSync(lock, { throwIfNoEntry: false });
    return made !== undefined && Date.now() - made.mtimeMs > 10_000;
  }
}

function install() {
  console.error('Installing what package.json asks for (first time, or it has changed): a minute or two.');
  const { status, signal } = spawnSync('npx', ['-y', pnpm, 'install', '--frozen-lockfile'], {
    cwd: root,
    // Stdout belongs to the script that follows.
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (signal) process.kill(process.pid, signal);
  if (status === 0) return writeFileSync(stamp, wanted());
  console.error(
    `\nThe installation failed. If the network or the npm registry is out of reach, connect and repeat the command; ` +
      `otherwise the lines above say why, and \`npx ${pnpm} install\` shows it again.`,
  );
  process.exitCode = 1;
}

async function main() {
  let told = false;
  while (!isInstalled()) {
    if (takeLock()) {
      try {
        return isInstalled() ? undefined : install();
      } finally {
        rmSync(lock, { recursive: true, force: true });
      }
    }
    if (!told) console.error('Another process is installing; waiting for it.');
    told = true;
    await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
  }
}

try {
  await main();
} catch (error) {
  console.error(`The installation failed: ${error.message}. The folder ${root} must be writable.`);
  process.exitCode = 1;
}
