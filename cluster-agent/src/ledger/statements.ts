import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Gives the statements of a database, each prepared once. */
export const statementsOf = (database: DatabaseSync): ((sql: string) => StatementSync) => {
  const statements = new Map<string, StatementSync>();
  return sql => {
    const prepared = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, prepared);
    return prepared;
  };
};
