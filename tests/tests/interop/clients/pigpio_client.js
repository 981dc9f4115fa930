// All that pigpio-client offers.

const { pigpio } = require('pigpio-client')
const { step, Log, code } = require('./steps')

async function main() {
  const options = { host: process.env.PIGPIO_ADDR, port: Number(process.env.PIGPIO_PORT) }
  const client = pigpio({ ...options, pipelining: process.argv.includes('--pipelining') })
  const info = await new Promise((resolve, reject) => client.once('connected', resolve).once('error', reject))
  await step('connected', [info.pigpioVersion, info.hwVersion, client.getHandle()])

  // Modes and levels. Those that set a mode take a callback only.
  const told = (set) => new Promise((resolve) => set((error, result) => resolve(error ? error.code : result)))
  const led = client.gpio(17)
  await step('output', [await told((done) => led.modeSet('output', done)), await led.modeGet()])
  await step('written', [await led.write(1), await led.read()])
  await step('tick', await client.getCurrentTick())
  await step('bank', (await client.readBank1()) >>> 17 & 1)
  await step('trigger', [await led.write(0), await led.trigger(20, 1)])

  // PWM and servos.
  await step('frequency', [await code(led.getPWMdutyCycle()), await led.setPWMfrequency(100)])
  await step('PWM', [await led.analogWrite(51), await led.getPWMdutyCycle()])
  await step('duty', await led.setPWMdutyCycle(255))
  await step('servo', [await led.setServoPulsewidth(1500), await led.getServoPulsewidth()])
  await step('servo off', await led.setServoPulsewidth(0))
  await step('hardware PWM', [await client.gpio(13).hardwarePWM(1000, 250000), await code(led.hardwarePWM(1000, 1))])
  await step('mistakes', [await code(led.setServoPulsewidth(3000)), await code(led.analogWrite(256))])

  // Edges.
  const log = new Log()
  const button = client.gpio(4)
  await told((done) => button.modeSet('input', done))
  await step('pull', [await told((done) => button.pullUpDown(2, done)), await button.read()])
  button.notify((level, tick) => log.add(level, tick))
  const other = new Log()
  client.gpio(5).notify((level) => other.add(level))
  await client.request(26, 0, 0, 0)
  await step('listening')
  await step('edges', await log.take(3))
  await step('others', await other.take())
  await button.glitchSet(200000)
  await step('glitches')
  await step('no glitches', await log.take())
  await button.glitchSet(0)
  await step('ended', await told((done) => button.endNotify(done)))
  await step('last call', [await log.take(), log.told])

  // Waves.
  const out = client.gpio(22)
  await told((done) => out.modeSet('output', done))
  await out.waveClear()
  await step('pulses', await out.waveAddPulse([[1, 0, 10000], [0, 1, 10000], [1, 0, 10000], [0, 1, 10000]]))
  const wave = await out.waveCreate()
  await step('wave', wave)
  await out.waveSendOnce(wave)
  await out.waveNotBusy()
  await step('sent', [await out.waveBusy(), await out.waveTxAt()])
  await out.waveChainTx([{ loop: true }, { waves: [wave] }, { repeat: 2 }])
  await out.waveNotBusy()
  await step('chain sent')
  await out.waveSendSync(wave)
  await step('stopped', [await out.waveTxStop(), await out.waveBusy(), await out.waveDelete(wave)])
  await out.write(1)
  await step('serial', await out.waveAddSerial(50, 8, 0, 'A'))
  const serial = await out.waveCreate()
  await out.waveSendOnce(serial)
  await out.waveNotBusy()
  await step('serial sent')

  // I2C.
  const device = await client.i2cOpen(1, 0x48)
  await step('I2C', [device, await client.i2cWriteDevice(device, [0x10, 1, 2]), await client.i2cWriteDevice(device, [0x10])])
  await step('I2C read', await client.i2cReadDevice(device, 2))
  await step('I2C closed', [await client.i2cClose(device), await code(client.i2cClose(device))])

  // What pinzero does not offer.
  await step('refused', [
    await code(client.bscI2C(0x13, [1])),
    await code(client.hwClock(4, 1000000)),
    await code(button.serialReadOpen(9600, 8)),
    await code(button.serialRead(10)),
    await code(button.serialReadInvert('invert')),
    await code(button.serialReadClose()),
  ])

  await step('paused', await client.pauseNotifications())
  await step('closed', [await client.closeNotifications(), await code(client.closeNotifications())])
  await new Promise((resolve) => client.end(resolve))
  await step('disconnected', [client.getInfo().commandSocket, client.getInfo().notificationSocket])
  process.exit(0)
}

main()
