/** Writes every generated file that is not current; `--check` writes nothing and exits 1 when one is not. */
import { generatedFiles, runGenerator } from './generated/index.ts';

process.exitCode = runGenerator(generatedFiles, 'npm run fix', process.argv.includes('--check'));
