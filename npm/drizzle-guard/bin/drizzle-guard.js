#!/usr/bin/env node
"use strict";
// Starts the native program of this platform, which lies in an optional package of its own; hands on arguments, exit
// code and signals.  git does not come this way: `drizzle-guard install` registers the native program itself.

const { spawn } = require("node:child_process");
const path = require("node:path");

const USED_WRONGLY = 2; // what drizzle-guard ends with where it cannot be used

function fail(message, ...hints) {
  process.stderr.write(["drizzle-guard: " + message, ...hints.map((hint) => "  " + hint), ""].join("\n"));
  process.exit(USED_WRONGLY);
}

function isMusl() {
  const report = process.report && process.report.getReport();
  return Boolean(report) && !report.header.glibcVersionRuntime;
}

function names() {
  const name = `${process.platform}-${process.arch}`;
  return process.platform === "linux" && isMusl() ? [`${name}-musl`] : [name];
}

function program() {
  const file = process.platform === "win32" ? "drizzle-guard.exe" : "drizzle-guard";
  for (const name of names()) {
    try {
      return path.join(path.dirname(require.resolve(`@drizzle-guard/${name}/package.json`)), "bin", file);
    } catch (error) {
      if (error.code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  return undefined;
}

if (process.versions.pnp) {
  fail(
    "Yarn Plug'n'Play keeps no node_modules, in which git would find the program; it is not supported.",
    "yarn config set nodeLinker node-modules && yarn install",
    "or install it without npm: pipx install drizzle-guard",
  );
}
const native = program();
if (native === undefined) {
  fail(
    `its package for this platform, @drizzle-guard/${names()[0]}, is not installed.`,
    "npm install --include=optional",
    "(node_modules of another system, and a lock file that lacks the package, have to be made anew)",
    "where there is no such package: pipx install drizzle-guard",
  );
}

const child = spawn(native, process.argv.slice(2), { stdio: "inherit" });
// a terminal sends Ctrl-C to the native program, too; twice would break off its cleaning up
const inTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
const handed = ["SIGINT", "SIGTERM", "SIGHUP"];
for (const signal of handed) {
  process.on(signal, () => {
    if (signal !== "SIGINT" || !inTerminal) child.kill(signal);
  });
}
child.on("error", (error) => fail(`${native} cannot be started: ${error.message}.`, "npm ci"));
child.on("exit", (code, signal) => {
  if (signal === null) {
    process.exitCode = code;
    return;
  }
  for (const name of handed) process.removeAllListeners(name);
  process.kill(process.pid, signal);
});
