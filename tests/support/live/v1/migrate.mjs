// Runs drizzle-orm v1's migrator on a libSQL file, once for each folder.
//
// node migrate.mjs DATABASE FOLDER...   -> [what it said, "" if it was content, for each folder]

import { drizzle } from "drizzle-orm/libsql";
import { migrate } from "drizzle-orm/libsql/migrator";

const [database, ...folders] = process.argv.slice(2);
const orm = drizzle({ connection: { url: `file:${database}` } });
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
