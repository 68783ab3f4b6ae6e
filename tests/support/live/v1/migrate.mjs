// Runs drizzle-orm v1's migrator on a libSQL file or a server, once for each folder.
//
// node migrate.mjs FILE|URL FOLDER...   -> [what it said, "" if it was content, for each folder]

const open = {
  async "postgres:"(url) {
    const { drizzle } = await import("drizzle-orm/node-postgres");
    const { migrate } = await import("drizzle-orm/node-postgres/migrator");
    return [drizzle(url), migrate];
  },
  async "mysql:"(url) {
    const { drizzle } = await import("drizzle-orm/mysql2");
    const { migrate } = await import("drizzle-orm/mysql2/migrator");
    return [drizzle(url), migrate];
  },
  async file(file) {
    const { drizzle } = await import("drizzle-orm/libsql");
    const { migrate } = await import("drizzle-orm/libsql/migrator");
    return [drizzle({ connection: { url: `file:${file}` } }), migrate];
  },
};
open["postgresql:"] = open["postgres:"];

const [database, ...folders] = process.argv.slice(2);
const [orm, migrate] = await (open[database.match(/^\w+:/)?.[0]] ?? open.file)(database);
const said = [];
for (const folder of folders) {
  try {
    await migrate(orm, { migrationsFolder: folder });
    said.push("");
  } catch (error) {
    said.push(`${error.message} ${error.cause?.message ?? ""}`.trim());
  }
}
console.log(JSON.stringify(said));
process.exit(0);
