#!/usr/bin/env node
"use strict";

const path = require("node:path");

// From Node 22 on compiled code is kept between starts, TypeORM's above all; Node 20 has no such thing and does without.
// It is kept where only the owner of the installation writes: what is in there is run.
const modules = path.basename(path.join(__dirname, "../..")) === "node_modules" ? "../.." : "../node_modules";
require("node:module").enableCompileCache?.(path.join(__dirname, modules, ".cache", "retort", "v8"));

void require("../dist/cli/process.js").run();
