/** Writes the migration from supabase/schemas; `--check` writes nothing and exits 1 when it is not current. */
import { migration, runGenerator } from './generated/index.ts';

process.exitCode = runGenerator([migration], 'npm run db:migration', process.argv.includes('--check'));
