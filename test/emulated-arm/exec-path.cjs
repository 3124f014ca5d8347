// Loaded before any program: makes process.execPath a program that this machine can start.
process.execPath = require('node:path').join(__dirname, 'node');
