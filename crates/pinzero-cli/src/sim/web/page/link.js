// The connection with the simulator. It comes back by itself.

const FIRST_DELAY = 300;
const LONGEST_DELAY = 2000;

/**
 * Connects, and keeps connected. Calls `onmessage` with each message, and `onstate` with true or false when the connection
 * comes or goes. Returns a function that sends an action.
 */
export function connect(onmessage, onstate) {
  let socket;
  let delay = FIRST_DELAY;

  function open() {
    socket = new WebSocket(`ws://${location.host}/ws`);
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.scene) {
        delay = FIRST_DELAY;
        onstate(true);
      }
      onmessage(message);
      // The simulator sends no more than a few frames ahead of what the page has read.
      if (message.frame && socket.readyState === WebSocket.OPEN) socket.send("seen");
    };
    socket.onclose = () => {
      onstate(false);
      setTimeout(open, delay);
      delay = Math.min(delay * 1.5, LONGEST_DELAY);
    };
  }

  open();
  return (action) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(action));
  };
}
