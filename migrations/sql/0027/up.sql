-- Emergency PINs are counted by themselves: how soon an ordinary one has to wait must not tell of them.
ALTER TABLE pin_drawing ADD COLUMN emergency boolean NOT NULL DEFAULT false;
