// Calls in source code are judged by the last name before the bracket.

const named = (names: string) => new Set(names.trim().split(/\s+/));

/** Calls that run a shell command or a program. */
export const commands = named(`
  system popen popen2 popen3 popen4 exec execSync execFile execFileSync execv execvp execvpe execl execlp execle
  spawn spawnSync spawnl spawnlp spawnv spawnvp fork run call check_call check_output Popen getoutput getstatusoutput
  create_subprocess_shell create_subprocess_exec shell_exec passthru proc_open pcntl_exec capture2 capture2e capture3
  pipeline posix_spawn posix_spawnp execa execaSync execaCommand execaCommandSync command Command ShellExecute sh
  bash zx $ qx`);

/** Calls that delete a folder with what is in it. */
export const trees = named(`
  rmtree rm_rf rm_r remove_dir remove_tree remove_entry remove_entry_secure rimraf rimrafSync emptyDir emptyDirSync
  removeSync RemoveAll remove_dir_all deleteDirectory deleteRecursively`);

/** Calls that do so when they are told to. */
export const recursive = named('rm rmSync rmdir rmdirSync remove delete removeSync');

/** Calls that change which file is where. */
export const moves = named('remove unlink unlinkSync rm rmSync rename renameSync');

/** Calls that hand SQL to a database. */
export const queries = named(`
  execute executemany executescript exec query raw unsafe run exec_driver_sql text sql select_all exec_query
  $executeRawUnsafe $executeRaw $queryRawUnsafe QueryRow Exec Query ExecContext prepare all do statement unprepared`);

/** Calls that open a file. */
export const opening = named(
  'open readFile readFileSync read_text writeFile writeFileSync file_get_contents file_put_contents ReadFile',
);

/** Calls that run a text as source code. */
export const evaluating = named('eval exec Function loads runInThisContext compile');

/** Calls that drop a database. */
export const databases = named('dropDatabase drop_database dropSchema');

/** Calls that drop a table or what other databases have instead. */
export const tables = named('dropTable dropTableIfExists drop_table dropCollection');

/** Calls that are judged by what stands before or behind the name. */
const others = named('cmd drop deleteMany delete_many delete_all destroy_all');

/** Commands called without brackets, or with a template. */
export const bare = named(
  'system exec spawn $ sh rm_rf rm_r rmtree remove_tree qx execute passthru shell_exec open unlink',
);

const judged = new Set(
  [commands, trees, recursive, moves, queries, opening, evaluating, databases, tables, others, bare].flatMap(
    (names) => [...names],
  ),
);

/** Whether it matters with what something is called. Most of a program matters to nobody. */
export const isJudged = (name: string): boolean => judged.has(name);
