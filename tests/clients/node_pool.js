// SPDX-License-Identifier: MIT
//
// node node_pool.js CHILDREN KIBIBYTES RESULT-FILE
//
// Starts that many children, which send back what they get through their pipes, and writes down whether each one's data
// and exit code were right. On Windows the parent learns of a child's end through RegisterWaitForSingleObject, and a
// child reads and writes its pipes in QueueUserWorkItem callbacks.
'use strict';
const { spawn } = require('child_process');
const { createHash } = require('crypto');
const fs = require('fs');

const CHUNK_SIZE = 4096;

function echo(exitCode) {
  process.stdin.on('data', (data) => process.stdout.write(data));
  process.stdin.on('end', () => {
    process.exitCode = exitCode;
  });
}

function makeData(seed, size) {
  const pattern = createHash('sha512').update(`seed ${seed}`).digest();
  const data = Buffer.alloc(size);
  for (let offset = 0; offset < size; offset += pattern.length) {
    pattern.copy(data, offset);
    data.writeUInt32LE(offset, offset);
  }
  return data;
}

const digest = (data) => createHash('sha256').update(data).digest('hex');

function feed(pipe, data) {
  let offset = 0;
  const write = () => {
    while (offset < data.length) {
      const chunk = data.subarray(offset, offset + CHUNK_SIZE);
      offset += chunk.length;
      if (!pipe.write(chunk)) {
        pipe.once('drain', write);
        return;
      }
    }
    pipe.end();
  };
  write();
}

function runChild(id, size) {
  return new Promise((resolve) => {
    const data = makeData(id, size);
    const received = [];
    const errors = [];
    const child = spawn(process.execPath, [__filename, 'child', String(id)], { stdio: ['pipe', 'pipe', 'ignore'] });
    child.stdout.on('data', (chunk) => received.push(chunk));
    child.stdin.on('error', (error) => errors.push(`child ${id}, standard input: ${error}`));
    child.on('error', (error) => errors.push(`child ${id}: ${error}`));
    child.on('close', (code) => {
      const back = Buffer.concat(received);
      if (code !== id) errors.push(`child ${id}: exit code ${code}`);
      resolve({ exitOk: code === id, dataOk: digest(back) === digest(data), bytes: back.length, errors });
    });
    feed(child.stdin, data);
  });
}

async function main(children, size, resultFile) {
  const results = await Promise.all([...Array(children).keys()].map((id) => runChild(id, size)));
  const count = (key) => results.filter((result) => result[key]).length;
  const bytes = results.reduce((sum, result) => sum + result.bytes, 0);
  const errors = results.flatMap((result) => result.errors);
  const summary =
    `children=${children} exit_ok=${count('exitOk')} data_ok=${count('dataOk')} bytes=${bytes} errors=${errors.length}`;
  fs.writeFileSync(resultFile, [summary, ...errors, ''].join('\n'));
}

if (process.argv[2] === 'child') {
  echo(Number(process.argv[3]));
} else {
  main(Number(process.argv[2]), Number(process.argv[3]) * 1024, process.argv[4]);
}
