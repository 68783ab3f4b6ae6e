// Runs a list of steps against one database with drizzle-orm's own migrators.
//
// Each line of stdin:  {"database": url, "steps": [step, ...]}
// A line of stdout:    MARK and {"results": [...], "error": null | {"step": n, "message": text}}
//
// Database urls: pglite:DIR (no DIR: in memory), libsql:FILE, sqljs:FILE, mysql://..., postgres://...
// Steps: {"migrate": folder, "table"?, "schema"?}   -> true
//        {"rows": true, "table"?, "schema"?}        -> [{id, hash, created_at}, ...] in order of insertion
//        {"schema": true, "table"?}                 -> normalised description of the database
//        {"execute": sql | [sql, ...]}              -> rows of the last statement
//        {"open": url}                              -> true; the steps behind it are for that database
//        {"generate": schema.ts, ...}               -> see generate.mjs; it needs no database
// A step with "try": true turns its error into the result {"error": text}; otherwise an error ends the list.

import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { generate } from "./generate.mjs";

const MARK = "\u001e";
const MIGRATIONS = "__drizzle_migrations";
const modules = join(dirname(fileURLToPath(import.meta.url)), "node_modules");

// ---------------------------------------------------------------- PGlite

// initdb takes PGlite seconds, so the directory of an empty database is made once and copied.
async function pgliteTemplate(PGlite) {
  const { version } = JSON.parse(readFileSync(join(modules, "@electric-sql/pglite/package.json"), "utf8"));
  const cache = join(modules, ".cache");
  const template = join(cache, `pglite-${version}`);
  if (existsSync(template)) return template;
  mkdirSync(cache, { recursive: true });
  const fresh = mkdtempSync(join(cache, "new-"));
  const empty = await PGlite.create(fresh);
  await empty.close();
  try {
    renameSync(fresh, template);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(template)) throw error; // another process was faster: its template serves as well
  }
  return template;
}

async function openPglite(place) {
  const { PGlite } = await import("@electric-sql/pglite");
  const { drizzle } = await import("drizzle-orm/pglite");
  const { migrate } = await import("drizzle-orm/pglite/migrator");
  const directory = place || mkdtempSync(join(tmpdir(), "pglite-"));
  if (!existsSync(join(directory, "PG_VERSION"))) {
    cpSync(await pgliteTemplate(PGlite), directory, { recursive: true });
  }
  const client = await PGlite.create(directory);
  return {
    ...postgres,
    migrate: (config) => migrate(drizzle(client), config),
    query: async (sql) => (await client.exec(sql)).at(-1)?.rows ?? [],
    close: async () => {
      await client.close();
      if (!place) rmSync(directory, { recursive: true, force: true });
    },
  };
}

// ---------------------------------------------------------------- servers

async function openPostgres(url) {
  const { default: pg } = await import("pg");
  const { drizzle } = await import("drizzle-orm/node-postgres");
  const { migrate } = await import("drizzle-orm/node-postgres/migrator");
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return {
    ...postgres,
    migrate: (config) => migrate(drizzle(client), config),
    query: async (sql) => [await client.query(sql)].flat().at(-1)?.rows ?? [],
    close: () => client.end(),
  };
}

async function openMysql(url) {
  const { createConnection } = await import("mysql2/promise");
  const { drizzle } = await import("drizzle-orm/mysql2");
  const { migrate } = await import("drizzle-orm/mysql2/migrator");
  const client = await createConnection(url);
  return {
    ...mysql,
    migrate: (config) => migrate(drizzle(client), config),
    query: async (sql) => [(await client.query(sql))[0]].flat(),
    close: () => client.end(),
  };
}

// ---------------------------------------------------------------- SQLite

async function openLibsql(file) {
  const { createClient } = await import("@libsql/client");
  const { drizzle } = await import("drizzle-orm/libsql");
  const { migrate } = await import("drizzle-orm/libsql/migrator");
  const client = createClient({ url: `file:${file}` });
  return {
    ...sqlite,
    migrate: (config) => migrate(drizzle(client), config),
    query: async (sql) => {
      const { columns, rows } = await client.execute(sql);
      return rows.map((row) => Object.fromEntries(columns.map((name) => [name, row[name]])));
    },
    close: async () => client.close(),
  };
}

// SQLite compiled to WebAssembly: drizzle-orm's synchronous migrator, as with better-sqlite3.
async function openSqljs(file) {
  const { default: initSqlJs } = await import("sql.js");
  const { drizzle } = await import("drizzle-orm/sql-js");
  const { migrate } = await import("drizzle-orm/sql-js/migrator");
  const SQL = await initSqlJs();
  const client = new SQL.Database(existsSync(file) ? readFileSync(file) : undefined);
  return {
    ...sqlite,
    migrate: async (config) => migrate(drizzle(client), config),
    query: async (sql) => {
      const result = client.exec(sql).at(-1);
      if (!result) return [];
      return result.values.map((row) => Object.fromEntries(result.columns.map((name, i) => [name, row[i]])));
    },
    close: async () => {
      writeFileSync(file, client.export());
      client.close();
    },
  };
}

// ---------------------------------------------------------------- what the dialects' databases hold

const quoted = (name) => `"${name.replaceAll('"', '""')}"`;
const literal = (text) => `'${text.replaceAll("'", "''")}'`;

const postgres = {
  async rows(query, { table = MIGRATIONS, schema = "drizzle" }) {
    const name = `${quoted(schema)}.${quoted(table)}`;
    const [{ found }] = await query(`select to_regclass(${literal(name)}) is not null as found`);
    return found ? query(`select id, hash, created_at from ${name} order by id`) : [];
  },

  async schema(query, { table = MIGRATIONS }) {
    const foreign = (oid) =>
      `${oid} not in (select oid from pg_namespace where nspname ~ '^pg_' or nspname in ('information_schema', 'drizzle'))`;
    const named = (n, c) => `case ${n} when 'public' then ${c} else ${n} || '.' || ${c} end`;
    const tables = {};
    for (const row of await query(`
        select ${named("n.nspname", "c.relname")} as table, a.attname as name,
          format_type(a.atttypid, a.atttypmod) as type, not a.attnotnull as nullable,
          pg_get_expr(d.adbin, d.adrelid) as default, a.attidentity::text || a.attgenerated::text as generated,
          c.relrowsecurity as rls
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
          left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
          left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
        where c.relkind in ('r', 'p') and ${foreign("n.oid")} and c.relname <> ${literal(table)}
        order by 1, a.attnum`)) {
      const found = (tables[row.table] ??= {
        columns: {}, indexes: {}, foreign_keys: {}, constraints: {}, rls: row.rls,
      });
      if (row.name === null) continue;
      found.columns[row.name] = { type: row.type, nullable: row.nullable, default: row.default };
      if (row.generated) found.columns[row.name].generated = row.generated;
    }
    for (const row of await query(`
        select ${named("n.nspname", "t.relname")} as table, c.relname as name, pg_get_indexdef(c.oid) as definition
        from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
          join pg_namespace n on n.oid = t.relnamespace
        where ${foreign("n.oid")} and not exists (select from pg_constraint k where k.conindid = c.oid and k.contype <> 'f')
        order by 1, 2`)) {
      if (tables[row.table]) tables[row.table].indexes[row.name] = row.definition;
    }
    for (const row of await query(`
        select ${named("n.nspname", "t.relname")} as table, k.conname as name, k.contype = 'f' as is_foreign,
          pg_get_constraintdef(k.oid) as definition
        from pg_constraint k join pg_class t on t.oid = k.conrelid join pg_namespace n on n.oid = t.relnamespace
        where ${foreign("n.oid")} order by 1, 2`)) {
      const kind = row.is_foreign ? "foreign_keys" : "constraints";
      if (tables[row.table]) tables[row.table][kind][row.name] = row.definition;
    }
    const enums = {};
    for (const row of await query(`
        select ${named("n.nspname", "t.typname")} as name, e.enumlabel as label
        from pg_enum e join pg_type t on t.oid = e.enumtypid join pg_namespace n on n.oid = t.typnamespace
        order by 1, e.enumsortorder`)) {
      (enums[row.name] ??= []).push(row.label);
    }
    const views = await query(`
        select ${named("n.nspname", "c.relname")} as name, pg_get_viewdef(c.oid) as definition
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('v', 'm') and ${foreign("n.oid")} order by 1`);
    return { tables, enums, views: pairs(views) };
  },
};

const mysql = {
  async rows(query, { table = MIGRATIONS }) {
    const found = await query(
      `select 1 from information_schema.tables where table_schema = database() and table_name = ${literal(table)}`,
    );
    return found.length ? query(`select id, hash, created_at from \`${table}\` order by id`) : [];
  },

  async schema(query, { table = MIGRATIONS }) {
    const tables = {};
    const here = (alias) => `${alias}.table_schema = database() and ${alias}.table_name <> ${literal(table)}`;
    for (const row of await query(`
        select c.table_name as \`table\`, c.column_name as name, c.column_type as type,
          c.is_nullable = 'YES' as nullable, c.column_default as \`default\`, c.extra as extra
        from information_schema.columns c join information_schema.tables t
          on t.table_schema = c.table_schema and t.table_name = c.table_name and t.table_type = 'BASE TABLE'
        where ${here("c")} order by c.table_name, c.ordinal_position`)) {
      const found = (tables[row.table] ??= { columns: {}, indexes: {}, foreign_keys: {} });
      found.columns[row.name] = { type: row.type, nullable: !!row.nullable, default: row.default };
      if (row.extra) found.columns[row.name].extra = row.extra;
    }
    for (const row of await query(`
        select s.table_name as \`table\`, s.index_name as name, max(s.non_unique) as non_unique,
          group_concat(s.column_name order by s.seq_in_index separator ', ') as columns
        from information_schema.statistics s where ${here("s")} group by 1, 2 order by 1, 2`)) {
      const definition = `${Number(row.non_unique) ? "" : "unique "}(${row.columns})`;
      if (tables[row.table]) tables[row.table].indexes[row.name] = definition;
    }
    for (const row of await query(`
        select k.table_name as \`table\`, k.constraint_name as name, k.referenced_table_name as target,
          max(r.delete_rule) as on_delete, max(r.update_rule) as on_update,
          group_concat(k.column_name order by k.ordinal_position separator ', ') as columns,
          group_concat(k.referenced_column_name order by k.ordinal_position separator ', ') as referenced
        from information_schema.key_column_usage k join information_schema.referential_constraints r
          on r.constraint_schema = k.constraint_schema and r.constraint_name = k.constraint_name
          and r.table_name = k.table_name
        where ${here("k")} and k.referenced_table_name is not null group by 1, 2, 3 order by 1, 2`)) {
      tables[row.table].foreign_keys[row.name] =
        `(${row.columns}) references ${row.target}(${row.referenced}) ` +
        `on delete ${row.on_delete} on update ${row.on_update}`.toLowerCase();
    }
    const views = await query(`
        select table_name as name, view_definition as definition from information_schema.views
        where table_schema = database() order by 1`);
    return { tables, enums: {}, views: pairs(views) };
  },
};

const sqlite = {
  async rows(query, { table = MIGRATIONS }) {
    const found = await query(`select 1 from sqlite_master where type = 'table' and name = ${literal(table)}`);
    return found.length ? query(`select id, hash, created_at from ${quoted(table)} order by rowid`) : [];
  },

  async schema(query, { table = MIGRATIONS }) {
    const tables = {};
    const names = await query(`
        select name from sqlite_master
        where type = 'table' and name not like 'sqlite\\_%' escape '\\' and name <> ${literal(table)} order by name`);
    for (const { name } of names) {
      const found = (tables[name] = { columns: {}, indexes: {}, foreign_keys: {} });
      for (const row of await query(`select * from pragma_table_xinfo(${literal(name)})`)) {
        found.columns[row.name] = { type: row.type.toLowerCase(), nullable: !row.notnull, default: row.dflt_value };
        if (row.pk) found.columns[row.name].primary_key = Number(row.pk);
        if (row.hidden) found.columns[row.name].generated = Number(row.hidden);
      }
      for (const index of await query(`select * from pragma_index_list(${literal(name)})`)) {
        const parts = await query(`select name from pragma_index_info(${literal(index.name)}) order by seqno`);
        const columns = parts.map((part) => part.name ?? "<expression>").join(", ");
        const [{ sql }] = await query(`select sql from sqlite_master where type = 'index' and name = ${literal(index.name)}`);
        const where = /\bwhere\b.*/is.exec(sql ?? "")?.[0];
        const label = index.origin === "c" ? index.name : `${index.origin} (${columns})`;
        found.indexes[label] = `${index.unique ? "unique " : ""}(${columns})${where ? ` ${where}` : ""}`;
      }
      const keys = {};
      for (const row of await query(`select * from pragma_foreign_key_list(${literal(name)}) order by id, seq`)) {
        const key = (keys[row.id] ??= { ...row, columns: [], referenced: [] });
        key.columns.push(row.from);
        key.referenced.push(row.to);
      }
      for (const key of Object.values(keys)) {
        found.foreign_keys[key.columns.join(", ")] =
          `references ${key.table}(${key.referenced.join(", ")}) ` +
          `on delete ${key.on_delete} on update ${key.on_update}`.toLowerCase();
      }
    }
    const views = await query(`select name, sql as definition from sqlite_master where type = 'view' order by name`);
    return { tables, enums: {}, views: pairs(views) };
  },
};

const pairs = (rows) => Object.fromEntries(rows.map(({ name, definition }) => [name, definition]));

// ---------------------------------------------------------------- steps

function open(url) {
  const [, scheme, place] = /^([a-z]+):(.*)$/s.exec(url) ?? [];
  switch (scheme) {
    case "pglite": return openPglite(place);
    case "libsql": return openLibsql(place);
    case "sqljs": return openSqljs(place);
    case "mysql": return openMysql(url);
    case "postgres":
    case "postgresql": return openPostgres(url);
    default: throw new Error(`unknown kind of database: ${url}`);
  }
}

async function run(database, step) {
  if ("migrate" in step) {
    const config = { migrationsFolder: step.migrate };
    if (step.table) config.migrationsTable = step.table;
    if (step.schema) config.migrationsSchema = step.schema;
    await database.migrate(config);
    return true;
  }
  if ("rows" in step) {
    const rows = await database.rows(database.query, step);
    const number = (value) => (value === null ? null : Number(value));
    return rows.map(({ id, hash, created_at }) => ({ id: number(id), hash, created_at: number(created_at) }));
  }
  if ("execute" in step) {
    let rows = [];
    for (const sql of [step.execute].flat()) rows = await database.query(sql);
    return rows;
  }
  if ("generate" in step) return generate(step);
  if ("schema" in step) return database.schema(database.query, step);
  throw new Error(`unknown step: ${JSON.stringify(step)}`);
}

function explain(error) {
  const lines = [];
  for (let at = error; at; at = at.cause) lines.push(at.message || at.code || String(at));
  return lines.join("\n");
}

async function answer({ database: url, steps }) {
  const results = [];
  let at = -1;
  let error = null;
  let database;
  try {
    if (url) database = await open(url);
    for (const step of steps) {
      at += 1;
      try {
        if ("open" in step) {
          await database.close();
          database = await open(step.open);
        }
        results.push("open" in step || (await run(database, step)));
      } catch (thrown) {
        if (!step.try) throw thrown;
        results.push({ error: explain(thrown) });
      }
    }
  } catch (thrown) {
    error = { step: at, message: explain(thrown) };
  }
  await database?.close();
  return { results, error };
}

const plain = (_, value) => (typeof value === "bigint" ? Number(value) : value);
for await (const line of createInterface({ input: process.stdin })) {
  const answered = await answer(JSON.parse(line));
  process.stdout.write(`${MARK}${JSON.stringify(answered, plain)}\n`); // what a library prints has no mark
}
