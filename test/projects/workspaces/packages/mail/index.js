exports.send = (to, text) => `to ${to}: ${text}`;
