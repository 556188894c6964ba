#!/usr/bin/env node
"use strict";

const { enableCompileCache } = require("node:module");
const path = require("node:path");

// Code is kept, compiled, between starts. It is kept where only the owner of the installation writes: what is in there is run.
const modules = path.basename(path.join(__dirname, "../..")) === "node_modules" ? "../.." : "../node_modules";
const folder = path.join(__dirname, modules, ".cache", "retort", "code");
let known;
if (enableCompileCache) enableCompileCache(folder);
else if (!process.env.NODE_DISABLE_COMPILE_CACHE) known = require("../dist/cli/code-cache.js").keepCode(folder);
require("../dist/cli/quick-start.js").startQuickly(known);

void require("../dist/cli/process.js").run();
