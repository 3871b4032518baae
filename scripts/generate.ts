/** Writes every generated file that is not current; `--check` writes nothing and exits 1 when one is not. */
import { operations, toolsets } from '../packages/contract/src/index.ts';
import { generatedFiles, runGenerator } from './generated/index.ts';

for (const { name, toolset } of operations) {
  if (!Object.hasOwn(toolsets, toolset))
    throw new Error(`${name}: there is no toolset ${toolset}; see packages/contract/src/operation.ts.`);
}

process.exitCode = runGenerator(generatedFiles, 'npm run fix', process.argv.includes('--check'));
