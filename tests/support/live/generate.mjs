// Makes a migration as `drizzle-kit generate` does, by drizzle-kit's own functions and without its start.

import { readFileSync } from "node:fs";

const KINDS = {
  postgresql: { core: "pg", json: "generateDrizzleJson", migration: "generateMigration" },
  mysql: { core: "mysql", json: "generateMySQLDrizzleJson", migration: "generateMySQLMigration" },
  sqlite: { core: "sqlite", json: "generateSQLiteDrizzleJson", migration: "generateSQLiteMigration" },
};

// What a schema.ts of `write_schema` exports.
async function exported(file, core) {
  const text = readFileSync(file, "utf8")
    .replace(/^import .*$/gm, "")
    .replaceAll("(): any =>", "() =>")
    .replace(/^export const (\w+) =/gm, "const $1 = out.$1 =");
  const out = {};
  new Function("d", "out", text)(await import(`drizzle-orm/${core}-core`), out);
  return Object.fromEntries(Object.entries(out).sort()); // a module's names are in this order
}

// The same keys, in the order in which the command writes them.
function asWritten({ version, dialect, id, prevId, ...rest }) {
  const pg = dialect === "postgresql";
  const first = pg ? { id, prevId, version, dialect } : { version, dialect, id, prevId };
  const _meta = pg ? { columns: {}, schemas: {}, tables: {} } : { schemas: {}, tables: {}, columns: {} };
  return { ...first, ...rest, _meta };
}

// {"dialect", "generate": schema.ts, "newest": a snapshot or null} -> {"snapshot", "statements"}
export async function generate({ dialect, generate: file, newest }) {
  const api = await import("drizzle-kit/api");
  const kind = KINDS[dialect];
  const make = async (imports, prevId) => api[kind.json](imports, prevId);
  const snapshot = await make(await exported(file, kind.core), newest?.id);
  const statements = await api[kind.migration](newest ?? (await make({})), snapshot);
  return { snapshot: asWritten(snapshot), statements };
}
