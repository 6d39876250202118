// SPDX-License-Identifier: MIT
//
// deno run -A shell_pool.mjs CHILDREN
// bun shell_pool.mjs CHILDREN
//
// Starts that many command interpreters at once and then as many one after the other, and says whether the exit
// codes of the first and the output of the others were right. On Windows the runtime learns of a child's end through
// RegisterWaitForSingleObject.
const deno = {
  args: () => Deno.args,
  exitCode: async (options) => {
    const child = new Deno.Command('cmd.exe', { ...options, stdin: 'null', stdout: 'null' }).spawn();
    return (await child.status).code;
  },
  output: async (options) => new TextDecoder().decode((await new Deno.Command('cmd.exe', options).output()).stdout),
};

const bun = {
  args: () => process.argv.slice(2),
  exitCode: ({ args }) => Bun.spawn(['cmd.exe', ...args], { stdin: 'ignore', stdout: 'ignore' }).exited,
  output: async ({ args }) => {
    const child = Bun.spawn(['cmd.exe', ...args], { stdin: 'ignore', stdout: 'pipe' });
    const text = await new Response(child.stdout).text();
    await child.exited;
    return text;
  },
};

const runtime = globalThis.Deno ? deno : bun;
const children = Number(runtime.args()[0]);
const ids = [...Array(children).keys()];
const codes = await Promise.all(ids.map((id) => runtime.exitCode({ args: ['/c', `exit ${id + 3}`] })));
const exitOk = codes.filter((code, id) => code === id + 3).length;
let dataOk = 0;
for (const id of ids) {
  if ((await runtime.output({ args: ['/c', `echo hello${id}`] })).trim() === `hello${id}`) dataOk++;
}
console.log(`children=${children} exit_ok=${exitOk} data_ok=${dataOk}`);
