// How a program and the test that runs it keep in step.

const readline = require('readline')

const input = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]()

// Says what is seen, and waits until the test lets the program go on.
async function step(name, saw = null) {
  console.log(JSON.stringify({ step: name, saw }))
  if ((await input.next()).done) process.exit(1)
}

// What callbacks were told, in order.
class Log {
  told = []
  #wanted = () => {}

  add(...told) {
    this.told.push(told)
    this.#wanted()
  }

  // Waits for so many.
  async take(count = 1) {
    while (this.told.length < count) await new Promise((resolve) => { this.#wanted = resolve })
    return this.told.splice(0, count)
  }
}

// The code of the error that a request comes to.
async function code(request) {
  try {
    return await request
  } catch (error) {
    return error.code
  }
}

module.exports = { step, Log, code }
