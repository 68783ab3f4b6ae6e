// Runs many chains of folders with drizzle-orm's own migrators, each on a database of its own, in one process.
// stdin: {"driver": name, "url"?: server, "chains": [[folder, ...], ...]}; stdout: for each null or what it said.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

const words = (error) => {
  const lines = [];
  for (let at = error; at; at = at.cause) lines.push(at.message || at.code || String(at));
  return lines.join("\n");
};

let shared;

const open = {
  async pglite() {
    const { PGlite } = await import("@electric-sql/pglite");
    const { drizzle } = await import("drizzle-orm/pglite");
    const { migrate } = await import("drizzle-orm/pglite/migrator");
    shared ??= await PGlite.create(); // seconds of initdb
    await shared.exec("DROP SCHEMA IF EXISTS drizzle CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    return [(folder) => migrate(drizzle(shared), { migrationsFolder: folder }), () => {}];
  },
  async pg(url, number) {
    const { default: pg } = await import("pg");
    const { drizzle } = await import("drizzle-orm/node-postgres");
    const { migrate } = await import("drizzle-orm/node-postgres/migrator");
    const [admin, name] = [new pg.Client({ connectionString: url }), `many_${process.pid}_${number}`];
    await admin.connect();
    await admin.query(`CREATE DATABASE ${name}`);
    await admin.end();
    const place = new URL(url);
    place.pathname = `/${name}`;
    const client = new pg.Client({ connectionString: String(place) });
    await client.connect();
    return [(folder) => migrate(drizzle(client), { migrationsFolder: folder }), () => client.end()];
  },
  async mysql2(url, number) {
    const { createConnection } = await import("mysql2/promise");
    const { drizzle } = await import("drizzle-orm/mysql2");
    const { migrate } = await import("drizzle-orm/mysql2/migrator");
    const [admin, name] = [await createConnection(url), `many_${process.pid}_${number}`];
    await admin.query(`CREATE DATABASE ${name}`);
    await admin.end();
    const place = new URL(url);
    place.pathname = `/${name}`;
    const client = await createConnection(String(place));
    return [(folder) => migrate(drizzle(client), { migrationsFolder: folder }), () => client.end()];
  },
  async libsql() {
    const { createClient } = await import("@libsql/client");
    const { drizzle } = await import("drizzle-orm/libsql");
    const { migrate } = await import("drizzle-orm/libsql/migrator");
    const client = createClient({ url: "file::memory:" });
    return [(folder) => migrate(drizzle(client), { migrationsFolder: folder }), () => client.close()];
  },
  // It has no build of its own in the bench: NODE_PATH names one, which `require` alone looks at.
  async "better-sqlite3"() {
    const Database = require("better-sqlite3");
    const { drizzle } = require("drizzle-orm/better-sqlite3");
    const { migrate } = require("drizzle-orm/better-sqlite3/migrator");
    const client = new Database(":memory:");
    return [(folder) => migrate(drizzle(client), { migrationsFolder: folder }), () => client.close()];
  },
  async sqljs() {
    const { default: init } = await import("sql.js");
    const { drizzle } = await import("drizzle-orm/sql-js");
    const { migrate } = await import("drizzle-orm/sql-js/migrator");
    const client = new (await init()).Database();
    return [(folder) => migrate(drizzle(client), { migrationsFolder: folder }), () => client.close()];
  },
};

const { driver, url, chains } = JSON.parse(readFileSync(0, "utf8"));
const said = [];
for (const [number, folders] of chains.entries()) {
  const [migrate, close] = await open[driver](url, number);
  let error = null;
  try {
    for (const folder of folders) await migrate(folder);
  } catch (thrown) {
    error = words(thrown);
  }
  said.push(error);
  await close();
}
writeFileSync(1, JSON.stringify(said));
process.exit(0);
