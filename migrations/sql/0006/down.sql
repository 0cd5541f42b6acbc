DROP TABLE certified_loss;
