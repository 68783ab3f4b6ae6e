import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const users = sqliteTable("users", {
  id: integer("id").primaryKey(),
  email: text("email").notNull(),
});

export const comments = sqliteTable("comments", {
  id: integer("id").primaryKey(),
  body: text("body").notNull(),
  stars: integer("stars"),
});
