// Reads [dialect, snapshot] pairs from a JSON file, and writes for each whether drizzle-kit's own validator takes it.
const fs = require("fs");
const path = require("path");
const Module = require("module");

const bin = path.join(__dirname, "node_modules", "drizzle-kit", "bin.cjs");
const source = fs.readFileSync(bin, "utf8");
const module_ = new Module(bin);
module_.filename = bin;
module_.paths = Module._nodeModulePaths(path.dirname(bin));
// all but the line that runs the command line
const cut = source.slice(source.indexOf("\n") + 1, source.indexOf("\nrun([generate"));
module_._compile(cut + "\ninit_utils2();\nmodule.exports = validatorForDialect;\n", bin);
const pairs = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
console.log(JSON.stringify(pairs.map(([dialect, body]) => module_.exports(dialect).validator.safeParse(body).success)));
