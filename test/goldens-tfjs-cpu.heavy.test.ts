// The golden models on the TensorFlow.js device, backend 'cpu'. It is slow, so each model runs either with or without
// gradient checkpointing.

process.env.CHATBOT_TRAIN_TEST_DEVICE = 'tfjs:cpu';
process.env.CHATBOT_TRAIN_TEST_WAYS = 'one';
await import('./goldens.test.js');
