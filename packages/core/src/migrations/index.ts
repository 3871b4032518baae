export { type Migration, readMigrations } from './folder.ts';
export { type ConnectionOptions, checkSchema, type MigrateOptions, migrate } from './migrate.ts';
export { type SchemaState, schemaState } from './state.ts';
